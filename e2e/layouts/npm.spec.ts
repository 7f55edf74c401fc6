import { describeLayoutsOf } from '../testing/layout-story';

describeLayoutsOf(/^npm/);
