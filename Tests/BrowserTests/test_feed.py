"""The page's feed against a server that does what a test wants: holes, gaps, another epoch, unknown symbols."""

import pytest

# Stands in for the server. Commands of the page are noted in `sent`; `say` is what it hears.
FAKE = """
const done = arguments[arguments.length - 1];
const sent = [], heard = [];
let socket;
globalThis.WebSocket = class {
  static OPEN = 1;
  readyState = 0;
  constructor() { socket = this; }
  send(text) { sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; this.onclose?.(); }
};
const say = (message) => socket.onmessage({ data: JSON.stringify(message) });
const turn = () => new Promise((resolve) => setTimeout(resolve));
const open = async () => { socket.readyState = 1; socket.onopen(); await turn(); };
const position = (epoch, seq) => ({ epoch, seq });
const snapshot = (epoch, seq) => say({ type: 'snapshot', symbol: 'A', price: null, candles: {}, closed_candles: {},
  trades: [], positions: { candles: { '10s': position(epoch, seq) }, trades: position(epoch, seq) } });
const trade = (epoch, seq) => say({ type: 'trade', symbol: 'A', epoch, seq, trade: { trade_id: seq } });
const candle = (epoch, seq) => say({ type: 'candle', epoch, seq, candle: { symbol: 'A', interval: '10s', seq } });
const answer = () => say({ type: 'subscribed', id: sent.at(-1).id });
const handler = (name) => ({
  onMessage: (value) => heard.push([name, value.trade_id ?? value.seq]),
  onSnapshot: (values, isWhole) => heard.push([name, isWhole ? 'whole' : 'anything']),
  onRefused: (sentence) => heard.push([name, sentence]),
});
import('/dashboard/feed.js').then(async ({ Feed }) => {
  const feed = new Feed({ onOpen() {}, onClose() {}, onStatus() {} });
  feed.connect();
  BODY
}).then((value) => done(value ?? { sent, heard }), (error) => done({ error: `${error.stack}` }));
"""


@pytest.fixture()
def run(browser, stack):
    def run(body):
        # A page of the same origin that has no feed of its own.
        browser.get(stack.address + "/docs")
        outcome = browser.execute_async_script(FAKE.replace("BODY", body))
        assert "error" not in outcome, outcome["error"]
        return outcome

    return run


def test_one_command_at_a_time(run):
    """The server wants its replies read before it is asked for more."""
    outcome = run("""
        feed.follow({ channel: 'trades', symbol: 'A' }, handler('trades'));
        feed.follow({ channel: 'price', symbol: 'A' }, handler('price'));
        const stop = feed.follow({ channel: 'price', symbol: 'B' }, handler('price'));
        await open();
        answer();
        await turn();
        stop();
        await turn();
        answer();
        await turn();
    """)
    assert [(command["op"], command["channels"], command["symbols"]) for command in outcome["sent"]] == [
        ("subscribe", ["trades"], ["A"]), ("subscribe", ["price"], ["A", "B"]), ("unsubscribe", ["price"], ["B"]),
    ]  # fmt: skip


def test_numbers_that_go_on_by_one_are_taken_and_old_ones_left(run):
    outcome = run("""
        feed.follow({ channel: 'trades', symbol: 'A' }, handler('trades'));
        await open();
        answer();
        snapshot('e', 4);
        for (const seq of [4, 5, 6, 6, 5, 7]) trade('e', seq);
        await turn();
        return { sent, heard, holes: feed.counts.holes };
    """)
    assert outcome["heard"] == [["trades", "anything"], ["trades", 5], ["trades", 6], ["trades", 7]]
    assert outcome["holes"] == 0 and len(outcome["sent"]) == 1


@pytest.mark.parametrize("epoch", ["e", "f"])
def test_a_hole_is_asked_about_and_history_read_again(run, epoch):
    outcome = run(f"""
        feed.follow({{ channel: 'candles', symbol: 'A', interval: '10s' }}, handler('candles'));
        await open();
        answer();
        snapshot('e', 4);
        candle('e', 5);
        candle('{epoch}', 7);
        await turn();
        answer();
        snapshot('{epoch}', 7);
        candle('{epoch}', 8);
        return {{ sent, heard, holes: feed.counts.holes }};
    """)
    assert outcome["heard"] == [
        ["candles", "anything"], ["candles", 5], ["candles", 7], ["candles", "anything"], ["candles", 8],
    ]  # fmt: skip
    assert outcome["holes"] == 1
    assert [command["op"] for command in outcome["sent"]] == ["subscribe", "subscribe"]


def test_a_gap_concerns_its_topic_alone(run):
    outcome = run("""
        feed.follow({ channel: 'candles', symbol: 'A', interval: '10s' }, handler('candles'));
        feed.follow({ channel: 'trades', symbol: 'A' }, handler('trades'));
        await open();
        answer();
        await turn();
        answer();
        snapshot('e', 4);
        say({ type: 'gap', reason: 'slow_client', channel: 'trades', symbol: 'A', epoch: 'e', from: 5, to: 9 });
        snapshot('e', 4);
    """)
    assert outcome["heard"][2:] == [["candles", "whole"], ["trades", "anything"]]


def test_after_a_connection_was_lost_only_what_moved_is_read(run):
    outcome = run("""
        feed.follow({ channel: 'candles', symbol: 'A', interval: '10s' }, handler('candles'));
        await open();
        answer();
        snapshot('e', 4);
        candle('e', 5);
        for (const [epoch, seq] of [['e', 5], ['e', 6], ['f', 6]]) {
          socket.close();
          feed.connect();
          await open();
          answer();
          snapshot(epoch, seq);
        }
    """)
    assert outcome["heard"] == [
        ["candles", "anything"], ["candles", 5], ["candles", "whole"], ["candles", "anything"], ["candles", "anything"],
    ]  # fmt: skip
    assert len(outcome["sent"]) == 4


def test_one_unknown_symbol_spoils_nothing_for_the_others(run):
    outcome = run("""
        for (const symbol of ['A', 'X', 'B']) feed.follow({ channel: 'price', symbol }, handler(symbol));
        await open();
        for (let index = 0; index < 4; index += 1) {
          const { id, symbols } = sent.at(-1);
          if (symbols.includes('X')) say({ type: 'error', id, code: 'unknown_symbol', detail: 'X is not followed' });
          else answer();
          await turn();
        }
        feed.retryRefused();
        await turn();
    """)
    assert [command["symbols"] for command in outcome["sent"]] == [["A", "X", "B"], ["A"], ["X"], ["B"], ["X"]]
    assert outcome["heard"] == [["X", "X is not followed"]]
