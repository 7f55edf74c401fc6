// Nx loads this file into every computation of the graph: nothing heavy may be reachable from it.
export {
  createDependencies,
  createNodes,
  createNodesV2,
  name,
  preTasksExecution,
  type DbPluginOptions,
} from './plugin';
