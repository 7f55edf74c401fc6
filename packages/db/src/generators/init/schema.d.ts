/** Options of the `init` generator. */
export interface InitGeneratorSchema {
  readonly skipFormat?: boolean;
  /** Add no packages to package.json. */
  readonly skipPackageJson?: boolean;
  /** Leave the versions in package.json that are there. Default `true`. */
  readonly keepExistingVersions?: boolean;
  /** Register the plugin in nx.json. Default: what `NX_ADD_PLUGINS` and `useInferencePlugins` say. */
  readonly addPlugin?: boolean;
}
