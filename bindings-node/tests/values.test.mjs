import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { runInNewContext } from 'node:vm';

import { BeProduct, ConfigError, valuesOf } from 'beproduct-client';

import { Simulator } from './simulator.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start('--styles', '5', '--materials', '0', '--table-rows', '10');
});
beforeEach(() => simulator.reset());
after(() => simulator.stop());

const sent = async (body) => {
  const client = new BeProduct(simulator.settings);
  await simulator.faults({ path: 'Echo', action: { status: 200, body: 'null' } });
  await client.raw.post('Echo', { body });
  return (await simulator.log()).at(-1).body;
};

test('values are sent as they were given', async () => {
  for (const [value, json] of [
    [{ a: 1, b: undefined, c: null }, '{"a":1,"c":null}'],
    [[1.0, 2.5, -0], '[1,2.5,0]'],
    [12345678901234567890n, '12345678901234567890'],
    [{ toJSON: () => 'price' }, '"price"'],
    ['"\u25a0\n', '"\\"\u25a0\\n"'],
    [Object.assign(Object.create(null), { x: [{}] }), '{"x":[{}]}'],
    [
      new (class Price {
        amount = 1;
      })(),
      '{"amount":1}',
    ],
  ]) {
    assert.equal(await sent(value), json);
  }
});

test('times are sent as other languages send them', async () => {
  for (const [given, text] of [
    ['2026-01-15T12:30:00+00:00', '2026-01-15T12:30:00Z'],
    ['2026-01-15T12:30:00.250+00:00', '2026-01-15T12:30:00.250Z'],
    ['2026-01-15T12:30:00.007+00:00', '2026-01-15T12:30:00.007Z'],
    ['2026-01-15T01:00:00+05:30', '2026-01-14T19:30:00Z'],
    ['1969-12-31T23:59:59.999+00:00', '1969-12-31T23:59:59.999Z'],
    ['0001-01-01T00:00:00+00:00', '0001-01-01T00:00:00Z'],
  ]) {
    assert.equal(await sent(new Date(given)), `"${text}"`);
    assert.equal(await sent(runInNewContext('new Date(given)', { given })), `"${text}"`);
  }
});

test('a midnight of this zone is a point in time, and refused where it may be a day', async () => {
  const zone = process.env.TZ;
  try {
    for (const [name, time, utc] of [
      ['Europe/Berlin', '2026-05-01T00:00:00+02:00', '2026-04-30T22:00:00Z'],
      ['America/St_Johns', '2026-05-01T00:00:00-02:30', '2026-05-01T02:30:00Z'],
      ['Europe/Paris', '1880-01-01T00:00:00+00:09:21', '1879-12-31T23:50:39Z'],
      // The clocks leave midnight out.
      ['Africa/Cairo', '2026-04-24T01:00:00+03:00', '2026-04-23T22:00:00Z'],
    ]) {
      process.env.TZ = name;
      const midnight = new Date(
        Number(time.slice(0, 4)),
        Number(time.slice(5, 7)) - 1,
        Number(time.slice(8, 10)),
      );
      const client = new BeProduct(simulator.settings);
      assert.equal(await sent(midnight), `"${utc}"`);
      assert.equal(await sent(new Date('2026-05-01')), '"2026-05-01T00:00:00Z"');
      const folder = simulator.at.style_folder;
      await client.style.folderSchema(folder);
      const create = (fields) => client.style.create(folder, { fields: { header_number: 'T-1', ...fields } });
      await assert.rejects(create({ cutoff_date: midnight }), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /is a day, and the day of "[^"]*" depends on the zone/);
        assert.ok(error.message.includes(time), error.message);
        return true;
      });
    }
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

/** A time of another library. */
class Moment {
  constructor(json) {
    this.toJSON = () => json;
  }
}

test('what JSON cannot hold is refused by its path', async () => {
  const client = new BeProduct(simulator.settings);
  const circle = {};
  circle.inner = { circle };
  for (const [body, message] of [
    [{ price: NaN }, 'arguments.body.price is NaN, which JSON cannot hold'],
    [[1, Infinity], 'arguments.body[1] is Infinity, which JSON cannot hold'],
    [{ run() {} }, 'arguments.body.run is a function, which JSON cannot hold'],
    [Symbol('x'), 'arguments.body is a symbol, which JSON cannot hold'],
    [[undefined], 'arguments.body[0] is undefined: leave it out, or give null'],
    [new Date(NaN), 'arguments.body is an invalid Date'],
    [new Map([['a', 1]]), 'arguments.body is a Map, which JSON cannot hold'],
    [runInNewContext('new Date(NaN)'), 'arguments.body is an invalid Date'],
    [runInNewContext('new Map()'), 'arguments.body is a Map, which JSON cannot hold'],
    [{ image: Buffer.from('x') }, 'arguments.body.image is a Buffer, which JSON cannot hold'],
    [[new Uint8Array(2)], 'arguments.body[0] is a Uint8Array, which JSON cannot hold'],
    [runInNewContext('new Uint8Array(2)'), 'arguments.body is a Uint8Array, which JSON cannot hold'],
    [new DataView(new ArrayBuffer(1)), 'arguments.body is a DataView, which JSON cannot hold'],
    [new ArrayBuffer(1), 'arguments.body is a ArrayBuffer, which JSON cannot hold'],
    [{ due: new Moment(null) }, 'arguments.body.due is a Moment without a value'],
    [{ due: new Moment(undefined) }, 'arguments.body.due is a Moment without a value'],
    [{ name: '\ud800' }, 'arguments.body.name holds half of a surrogate pair, which is no character'],
    [circle, 'arguments.body.inner.circle holds itself'],
  ]) {
    await assert.rejects(
      client.raw.post('Echo', { body }),
      (error) => error instanceof ConfigError && error.message === message,
    );
  }
  assert.equal((await simulator.counts()).api, 0);
});

test('a filter whose value is undefined is refused', async () => {
  const client = new BeProduct(simulator.settings);
  for (const [args, path] of [
    [{ filters: { header_number: undefined } }, 'filters.header_number'],
    [{ filters: { ModifiedAt: { Gt: '2026-01-31T00:00:00Z', Lt: undefined } } }, 'filters.ModifiedAt.Lt'],
    [{ colorwayFilters: { color_name: undefined } }, 'colorwayFilters.color_name'],
  ]) {
    const message = `arguments.${path} is undefined: leave the condition out, or give a value`;
    await assert.rejects(
      client.style.list(args).collect(),
      (error) => error instanceof ConfigError && error.message === message,
    );
  }
  assert.equal((await simulator.counts()).api, 0);
});

test('the same object may stand in two places', async () => {
  const shared = { a: 1 };
  assert.equal(await sent([shared, shared]), '[{"a":1},{"a":1}]');
});

test('exact decimals keep their digits', async () => {
  const client = new BeProduct({ ...simulator.settings, decimals: 'exact' });
  const body = '{"price":10.10,"big":12345678901234567890,"whole":7,"text":"1.5","huge":1e400,"list":[0.1]}';
  await simulator.faults({ path: 'Echo', action: { status: 200, body } });
  assert.deepEqual(await client.raw.get('Echo'), {
    price: '10.10',
    big: '12345678901234567890',
    whole: 7,
    text: '1.5',
    huge: '1e400',
    list: ['0.1'],
  });
  for await (const { headerData } of client.style.list()) {
    const price = headerData.fields.find(({ id }) => id === 'target_price').value;
    assert.equal(typeof price, 'string');
  }
});

test('numbers are numbers unless asked otherwise', async () => {
  const client = new BeProduct(simulator.settings);
  await simulator.faults({ path: 'Echo', action: { status: 200, body: '[10.10, 1]' } });
  assert.deepEqual(await client.raw.get('Echo'), [10.1, 1]);
});

test('values of fields are read by their ids, in order', async () => {
  const client = new BeProduct(simulator.settings);
  const [style] = await client.style.list({}, { pageSize: 1 }).collect();
  const values = valuesOf(style);
  const ids = style.headerData.fields.map(({ id }) => id);
  assert.deepEqual([...values.keys()], ids);
  assert.equal(values.get('header_number'), style.headerNumber);
  assert.equal(values.get('constructor'), undefined);
  const [row] = await client.dataTables.data(simulator.at.data_table).collect();
  assert.equal(valuesOf(row).get(row.fields[0].id), row.fields[0].value);
  const reversed = [
    { id: '10', value: 1 },
    { id: '2', value: null },
  ];
  assert.deepEqual(
    [...valuesOf({ fields: reversed })],
    [
      ['10', 1],
      ['2', null],
    ],
  );
  for (const empty of [{ headerData: null }, { fields: null }, { headerData: {} }]) {
    assert.equal(valuesOf(empty).size, 0);
  }
  assert.throws(
    () => valuesOf({}),
    (error) =>
      error instanceof ConfigError && error.message.startsWith('the record has no fields: give a style'),
  );
});

test('values are read by the types of their fields', () => {
  const fields = [
    { id: 'active', value: 'Yes', type: 'TrueFalse' },
    { id: 'due', value: '8/1/2021 12:00:00 AM', type: 'Date' },
    { id: 'price', value: '12.50', type: 'Decimal' },
    { id: 'channels', value: '["Shop"]', type: 'MultiSelect' },
  ];
  assert.deepEqual(Object.fromEntries(valuesOf({ headerData: { fields } })), {
    active: true,
    due: '2021-08-01T00:00:00Z',
    price: 12.5,
    channels: ['Shop'],
  });
  assert.equal(valuesOf({ fields }, { decimals: 'exact' }).get('price'), '12.50');
  assert.throws(() => valuesOf({ fields }, { decimals: 'exakt' }), {
    message: /options.decimals has to be "number" or "exact"/,
  });
  const colorway = { id: 'c-1', colorNumber: '01', primaryColor: '56684A', fields: { marketing_name: null } };
  assert.deepEqual(
    [...valuesOf(colorway)],
    [
      ['color_number', '01'],
      ['primary', '56684a'],
      ['marketing_name', null],
    ],
  );
});
