import { compileProblem } from './compile-problem';

/** What the compiler says of a place. */
function errorAt(line: number, lineText: string) {
  const location = { file: 'a.ts', namespace: '', line, column: 0, length: 0, lineText };
  const text = 'Unexpected end of file';
  const rest = { id: '', pluginName: '', notes: [], detail: undefined };
  return { ...rest, text, location: { ...location, suggestion: '' } };
}

test('the line that is wrong stands below the message', () => {
  const { message } = compileProblem(errorAt(7, 'export default {  '), '/repo/a.ts', '/repo');
  expect(message).toBe('/repo/a.ts:7:1: Unexpected end of file\n    export default {');
});

test('an error at the end of the file has no line to show', () => {
  const { message } = compileProblem(errorAt(8, ''), '/repo/a.ts', '/repo');
  expect(message).toBe('/repo/a.ts:8:1: Unexpected end of file');
});
