import { isConcurrent } from './concurrent-index';
import type { ParsedStatement } from './parse-sql';

/**
 * How the end of a statement without a transaction is recorded:
 * - `together`: statement and row commit in one transaction;
 * - `before`: COMMIT of the migration's own transaction, whose row commits with it;
 * - `after`: Postgres does not allow the statement in a transaction, so one row says that it begins and the next that it has finished;
 * - `covered`: it only opens or divides the migration's own transaction; the row of a later statement covers it.
 */
export type Footing = 'together' | 'before' | 'after' | 'covered';

/**
 * Statements that Postgres allows in a transaction block in all their forms, except those with CONCURRENTLY. A list of
 * what is allowed, so that a statement that is missing here is still recorded, after it.
 */
const TRANSACTIONAL = new Set([
  ...['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'TruncateStmt'],
  ...['CreateStmt', 'CreateTableAsStmt', 'AlterTableStmt', 'IndexStmt', 'ViewStmt', 'DropStmt'],
  ...['RenameStmt', 'CommentStmt', 'AlterOwnerStmt', 'AlterObjectSchemaStmt', 'RuleStmt'],
  ...['AlterObjectDependsStmt', 'RefreshMatViewStmt', 'CreateSeqStmt', 'AlterSeqStmt'],
  ...['CreateSchemaStmt', 'CreateEnumStmt', 'AlterEnumStmt', 'CompositeTypeStmt'],
  ...['CreateRangeStmt', 'CreateDomainStmt', 'AlterDomainStmt', 'DefineStmt', 'AlterTypeStmt'],
  ...['CreateFunctionStmt', 'AlterFunctionStmt', 'CreateTrigStmt', 'CreateEventTrigStmt'],
  ...['AlterEventTrigStmt', 'CreatePolicyStmt', 'AlterPolicyStmt', 'CreateStatsStmt'],
  ...['AlterStatsStmt', 'GrantStmt', 'GrantRoleStmt', 'AlterDefaultPrivilegesStmt'],
  ...['CreateRoleStmt', 'AlterRoleStmt', 'AlterRoleSetStmt', 'DropRoleStmt', 'DropOwnedStmt'],
  ...['ReassignOwnedStmt', 'CreateExtensionStmt', 'AlterExtensionStmt'],
  ...['AlterExtensionContentsStmt', 'CreateFdwStmt', 'AlterFdwStmt', 'CreateForeignServerStmt'],
  ...['AlterForeignServerStmt', 'CreateForeignTableStmt', 'CreateUserMappingStmt'],
  ...['AlterUserMappingStmt', 'DropUserMappingStmt', 'ImportForeignSchemaStmt', 'CreateCastStmt'],
  ...['CreateConversionStmt', 'CreateTransformStmt', 'CreateOpClassStmt', 'CreateOpFamilyStmt'],
  ...['AlterOpFamilyStmt', 'AlterOperatorStmt', 'CreateAmStmt', 'CreatePLangStmt', 'SecLabelStmt'],
  ...['AlterTSDictionaryStmt', 'AlterTSConfigurationStmt', 'AlterCollationStmt'],
  ...['CreatePublicationStmt', 'AlterPublicationStmt'],
]);

/** Decides from the parse tree; reads nothing from the server. */
export function footingOf(statement: ParsedStatement): Footing {
  const { node } = statement;
  const control = node['TransactionStmt'];
  if (control) return controlFooting(String(control['kind']));
  if (isLocalSetting(node['VariableSetStmt'])) return 'covered';
  if (!TRANSACTIONAL.has(kindOf(statement)) || isConcurrent(statement)) return 'after';
  return 'together';
}

/** Name of a statement's node in the parse tree, e.g. `IndexStmt`. */
export function kindOf({ node }: Pick<ParsedStatement, 'node'>): string {
  return Object.keys(node)[0] ?? '';
}

function controlFooting(kind: string): Footing {
  if (kind === 'TRANS_STMT_COMMIT') return 'before';
  const divides = /^TRANS_STMT_(?:BEGIN|START|SAVEPOINT|RELEASE|ROLLBACK_TO)$/.test(kind);
  return divides ? 'covered' : 'after';
}

function isLocalSetting(fields: Record<string, unknown> | undefined): boolean {
  // SET TRANSACTION … must be the first statement of its transaction: no row may come before it.
  return (
    fields !== undefined && (fields['is_local'] === true || fields['kind'] === 'VAR_SET_MULTI')
  );
}

/**
 * Whether a statement only changes the session, which a resumed run does not have any more: it is sent again instead of
 * being skipped.
 */
export function changesSession({ node }: ParsedStatement): boolean {
  const setting = node['VariableSetStmt'];
  if (setting) return !isLocalSetting(setting);
  if (node['SelectStmt']) return selectChangesSession(node['SelectStmt']);
  return SESSION_STATEMENTS.some((kind) => node[kind] !== undefined);
}

const SESSION_STATEMENTS = [
  ...['PrepareStmt', 'DeallocateStmt', 'DiscardStmt', 'ListenStmt', 'UnlistenStmt', 'LoadStmt'],
];

/** Functions whose only effect is on the session. `set_config` is how pg_dump sets the search path. */
const SESSION_FUNCTIONS = new Set([
  ...['set_config', 'setseed', 'pg_advisory_lock', 'pg_advisory_lock_shared'],
  ...['pg_advisory_unlock', 'pg_advisory_unlock_shared'],
]);

/** Whether a SELECT only calls functions that change the session, with constants. */
function selectChangesSession(select: Record<string, unknown>): boolean {
  const { targetList, fromClause, whereClause } = select;
  if (!Array.isArray(targetList) || fromClause !== undefined || whereClause !== undefined) {
    return false;
  }
  return targetList.every((target: TargetNode) => {
    const call = target.ResTarget?.val?.FuncCall;
    const name = call?.funcname?.at(-1)?.String?.sval;
    if (name === undefined || !SESSION_FUNCTIONS.has(name)) return false;
    return (call?.args ?? []).every((arg) => 'A_Const' in arg || 'TypeCast' in arg);
  });
}

/** A column of a SELECT, as far as it is read here. */
interface TargetNode {
  readonly ResTarget?: {
    readonly val?: {
      readonly FuncCall?: {
        readonly funcname?: readonly { readonly String?: { readonly sval?: string } }[];
        readonly args?: readonly object[];
      };
    };
  };
}
