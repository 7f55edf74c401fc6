/** How parts of a text stand out. A terminal injects colours; everything else takes {@link plainStyle}. */
export interface Style {
  strong(text: string): string;
  quiet(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warning(text: string): string;
}

const same = (text: string): string => text;

/** No colours: for files, CI logs and tests. */
export const plainStyle: Style = {
  strong: same,
  quiet: same,
  good: same,
  bad: same,
  warning: same,
};
