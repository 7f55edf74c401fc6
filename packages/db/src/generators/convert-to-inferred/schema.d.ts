/** Options of the `convert-to-inferred` generator. */
export interface ConvertToInferredGeneratorSchema {
  /** Only this project; all of them when absent. */
  readonly project?: string;
  readonly skipFormat?: boolean;
}
