import { MigratorError } from '../../errors';
import type { Inexact } from '../../migration/inexact-values';
import { isPlainStatement } from '../plain-statement';
import { isIsoDate } from './parse-date';
import { DATES, dependenceOf, RECORD, RECORD_ARRAY, typeName } from './pg-types';

/** What the server reports without being asked, as the session begins. */
const INITIAL = { DateStyle: 'ISO', IntervalStyle: 'postgres', client_encoding: 'UTF8' };

/** The locales whose amounts of money look the same, e.g. `-$1,234.56`. */
const DOLLAR_LOCALES = '^(?:C|POSIX|C[.]UTF-?8|en_US(?:[.]UTF-?8)?)$';
const DOLLARS = new RegExp(DOLLAR_LOCALES, 'i');

/** A row of {@link SHOW_SETTINGS}. */
export interface AskedSettings {
  readonly date_style: string;
  readonly interval_style: string;
  readonly float_digits: string;
  readonly money: string;
  /** Whether a composite type, a row of a table or another user-defined type may contain `money`, in another locale than those of dollars. */
  readonly money_within: boolean;
}

/** Asks for the settings. Sent only after a statement that has returned rows, so that SET TRANSACTION is not held up. */
export const SHOW_SETTINGS = `
  SELECT pg_catalog.current_setting('DateStyle') AS date_style, pg_catalog.current_setting('IntervalStyle') AS interval_style,
         pg_catalog.current_setting('extra_float_digits') AS float_digits, pg_catalog.current_setting('lc_monetary') AS money,
         CASE WHEN pg_catalog.current_setting('lc_monetary') ~* '${DOLLAR_LOCALES}' THEN false
              ELSE EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE atttypid IN (790, 791) AND attrelid >= 16384)
                OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typbasetype IN (790, 791))
                OR EXISTS (SELECT FROM pg_catalog.pg_range WHERE rngsubtype = 790) END AS money_within`;

/**
 * The settings that decide how the server writes values as text. A session begins with those of `session-settings.ts`; a
 * migration can change them, and what it reads then may not be exact.
 */
export class OutputSettings {
  private readonly reported: Record<string, string> = { ...INITIAL };
  private asked: AskedSettings | undefined;

  /** @param reports whether the session hears of changed settings from the server */
  constructor(private readonly reports: 'heard' | 'not heard') {}

  /** The server reports DateStyle, IntervalStyle and client_encoding when they change. */
  report(name: string, value: string): void {
    if (name in this.reported) this.reported[name] = value;
  }

  /**
   * Call before each statement.
   *
   * @throws {MigratorError} `UNSUPPORTED_ENCODING` if the server would misread characters of the statement
   */
  beforeStatement(sql: string, params: readonly unknown[]): void {
    if (!isPlainStatement(sql)) this.asked = undefined;
    if (this.isUnicode()) return;
    if (hasOther(sql) || params.some(hasOther)) throw this.wrongEncoding('would be written');
  }

  /** Whether {@link SHOW_SETTINGS} has to be asked before values of these types can be judged. */
  needsToAsk(oid: number, text: string): boolean {
    if (this.asked) return false;
    switch (dependenceOf(oid, text)) {
      case 'float digits':
      case 'money':
      case 'container':
        return true;
      case 'interval':
      case 'dates':
        return this.reports === 'not heard';
      default:
        return false;
    }
  }

  answer(asked: AskedSettings): void {
    this.asked = asked;
    this.report('DateStyle', asked.date_style);
    this.report('IntervalStyle', asked.interval_style);
  }

  /**
   * Why a text of the server is not exactly the value.
   *
   * @throws {MigratorError} `UNSUPPORTED_ENCODING` if its characters were misread
   */
  whyInexact(oid: number, text: string): Inexact | undefined {
    if (!this.isUnicode() && hasOther(text)) throw this.wrongEncoding('were read');
    const setting = this.settingBehind(oid, text);
    return setting && { type: typeName(oid), ...setting };
  }

  private settingBehind(oid: number, text: string): Omit<Inexact, 'type'> | undefined {
    if (DATES.has(oid)) return isIsoDate(text) ? undefined : this.changed('DateStyle', 'ISO');
    const dependence = dependenceOf(oid, text);
    if (dependence === 'nothing') return undefined;
    if (dependence === 'no input') {
      return {
        reason: 'of a type that accepts no input',
        hint: 'Leave the column out: no statement can write such a value back.',
      };
    }
    const all = dependence === 'container';
    const { DateStyle = '', IntervalStyle = '' } = this.reported;
    if ((all || dependence === 'dates') && !DateStyle.startsWith('ISO')) {
      return this.changed('DateStyle', 'ISO');
    }
    if ((all || dependence === 'interval') && IntervalStyle === 'sql_standard') {
      return this.changed('IntervalStyle', 'postgres');
    }
    const { float_digits = '1', money = '', money_within: within = false } = this.asked ?? {};
    if ((all || dependence === 'float digits') && Number(float_digits) < 1) {
      return this.changed('extra_float_digits', '1');
    }
    if (DOLLARS.test(money)) return undefined;
    if (dependence === 'money') {
      return {
        reason: `written for lc_monetary ${money}, which another session may read as another amount`,
        hint: 'Select it as a number: amount::numeric.',
      };
    }
    // A record that a query makes can have any types; the types of other containers are in the catalog.
    if (all && (within || oid === RECORD || oid === RECORD_ARRAY) && /\d/.test(text)) {
      return {
        reason: `a value that may contain money, written for lc_monetary ${money}, which another session may read as another amount`,
        hint: 'Select its fields, and amounts of money as numbers: (total).amount::numeric.',
      };
    }
    return undefined;
  }

  private changed(setting: string, value: string): Omit<Inexact, 'type'> {
    return {
      reason: `not exact, because the migration has changed ${setting}`,
      hint: `Read it before that, or after SET ${setting} = '${value}'.`,
    };
  }

  private isUnicode(): boolean {
    return /^(?:UTF-?8|UNICODE|SQL_ASCII)$/i.test(this.reported['client_encoding'] ?? '');
  }

  private wrongEncoding(what: string): MigratorError {
    const { client_encoding = '' } = this.reported;
    return new MigratorError(
      'UNSUPPORTED_ENCODING',
      `The migration has set client_encoding to ${client_encoding}: characters outside ASCII ${what} as other characters.`,
      { hint: 'Remove SET client_encoding; the runner and its files use UTF8.' },
    );
  }
}

/** Whether a text has characters outside ASCII. */
function hasOther(value: unknown): boolean {
  return typeof value === 'string' && /[^\x00-\x7f]/.test(value);
}
