import { describeLayoutsOf } from '../testing/layout-story';

describeLayoutsOf(/^yarn/);
