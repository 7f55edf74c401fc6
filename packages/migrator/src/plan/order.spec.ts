import fc from 'fast-check';
import { orderMigrations } from './order';
import { migration } from './testing/plan.factory';
import { graphs, shuffled } from './testing/graphs';

const ids = (short: readonly string[]) => short.map((one) => migration(one).id);
const order = (...nodes: ReturnType<typeof migration>[]) => {
  const ordered = orderMigrations(nodes);
  return ordered.ok ? ordered.order.map(({ id }) => id) : ordered.cycles;
};

describe('the order of migrations', () => {
  it('is that of the versions where nothing depends on anything', () => {
    expect(order(migration('api:3'), migration('api:1'), migration('api:2'))).toEqual(
      ids(['api:1', 'api:2', 'api:3']),
    );
  });

  it('puts a dependency first, and disturbs the versions no more than that needs', () => {
    const order1 = order(migration('api:1', 'api:3'), migration('api:2'), migration('api:3'));
    expect(order1).toEqual(ids(['api:2', 'api:3', 'api:1']));
  });

  it('counts a dependency that is named twice once', () => {
    expect(order(migration('api:1', 'api:2', 'api:2'), migration('api:2'))).toEqual(
      ids(['api:2', 'api:1']),
    );
  });

  it('names a circle whole, from its lowest version and back', () => {
    const circle = order(
      migration('api:2', 'api:3'),
      migration('api:3', 'api:1'),
      migration('api:1', 'api:2'),
    );
    expect(circle).toEqual([ids(['api:1', 'api:2', 'api:3', 'api:1'])]);
  });

  it('names every circle, and not what merely waits for one', () => {
    const circles = order(
      migration('api:1', 'api:2'),
      migration('api:2', 'api:1'),
      migration('api:3', 'api:2', 'api:5'),
      migration('api:4', 'api:5'),
      migration('api:5', 'api:4'),
    );
    expect(circles).toEqual([ids(['api:1', 'api:2', 'api:1']), ids(['api:4', 'api:5', 'api:4'])]);
  });

  it('holds every migration behind its dependencies, in any graph', () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        const place = new Map(order(...nodes).map((id, index) => [id, index]));
        return nodes.every(({ id, dependencies }) =>
          dependencies.every((one) => Number(place.get(one)) < Number(place.get(id))),
        );
      }),
    );
  });

  it('is the same for any order of the input', () => {
    const pairs = graphs.chain((nodes) => fc.tuple(fc.constant(nodes), shuffled(nodes)));
    fc.assert(
      fc.property(pairs, ([nodes, others]) => {
        expect(order(...others)).toEqual(order(...nodes));
      }),
    );
  });

  it('comes to an end with ten thousand migrations, in a chain or in a circle', () => {
    const chain = Array.from({ length: 10_000 }, (_, index) =>
      migration(`api:${index}`, `api:${index + 1}`),
    );
    expect(order(...chain)).toHaveLength(10_000);
    expect(order(...chain, migration('api:10000', 'api:0'))[0]).toHaveLength(10_002);
  });
});
