/**
 * `@flashfusion/migrator/output`: what both front ends need to write to the standard streams of their process. It loads nothing
 * of the engine, so that a command can take the streams before it loads anything else.
 */
export {
  explainLoss,
  patienceFor,
  seriousLoss,
  type Delivery,
  type LostResult,
  type OutputFormat,
} from './streams/delivery';
export { takeOutput, type ProcessOutput, type ResultStream } from './streams/take-output';
