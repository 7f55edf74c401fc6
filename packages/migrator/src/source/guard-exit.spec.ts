import { withExitGuard } from './guard-exit';
import { refusal } from './testing/fixtures';

describe('the exit guard', () => {
  it('turns process.exit into an error', async () => {
    const error = await refusal(withExitGuard(() => process.exit(3)));
    expect(error).toMatchObject({ code: 'PROCESS_EXIT', message: 'process.exit(3) was called.' });
  });

  it('finds a call behind awaits, and one that was swallowed', async () => {
    const late = withExitGuard(async () => {
      await new Promise(setImmediate);
      process.exit();
    });
    expect((await refusal(late)).code).toBe('PROCESS_EXIT');
    const swallowed = withExitGuard(async () => {
      await Promise.reject(new Error('first'))
        .catch(() => process.exit(1))
        .catch(() => undefined);
      return 'as if nothing had happened';
    });
    expect((await refusal(swallowed)).code).toBe('PROCESS_EXIT');
  });

  it('passes results and other errors on, and gives process.exit back', async () => {
    const before = process.exit;
    expect(await withExitGuard(() => 'done')).toBe('done');
    const error = await refusal(withExitGuard(() => Promise.reject(new Error('its own'))));
    expect(error.message).toBe('its own');
    expect(process.exit).toBe(before);
  });

  it('blames the right one of two that overlap', async () => {
    const before = process.exit;
    const results = await Promise.allSettled([
      withExitGuard(() => new Promise((done) => setTimeout(done, 5, 'innocent'))),
      withExitGuard(() => process.exit(1)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(process.exit).toBe(before);
  });
});
