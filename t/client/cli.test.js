// The command `wspubsub`, installed, on a real nginx: what it prints, and its
// exit codes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { called, command, lines } from "./support/command.js";
import { live } from "./support/live.js";
import { TokenServer } from "./support/token_server.js";
import { range, until } from "./support/wait.js";

const nginx = live();
const { start, run } = command(() => ({ WSPUBSUB_URL: nginx.server.url() }));

const api = () => nginx.server.url("/api/").replace("ws:", "http:");

test("help, for each command, and wrong usage", async () => {
    const commands = ["sub", "pub", "get", "history", "who", "bench",
        "sessions", "kick", "revoke", "token"];
    const overview = await called(["--help"]);
    assert.equal(overview.code, 0);
    for (const one of commands) {
        assert.match(overview.out, new RegExp(`^  ${one} `, "m"));
        const { code, out } = await called([one, "--help"]);
        assert.equal(code, 0);
        assert.match(out, new RegExp(`^Usage: wspubsub ${one} `));
        assert.match(out, /^Exit codes: /m);
        assert.ok(out.split("\n").every((line) => line.length <= 79), one);
    }
    assert.equal((await run(["--version"])).out, "0.1.0\n");
    for (const args of [[], ["publish"], ["sub"], ["sub", "a//b"],
        ["sub", "a", "--last", "x"], ["sub", "a", "--what"],
        ["sub", "a", "--since", "5"], ["get", "a", "b"], ["history", "a"],
        ["pub", "a", "b", "--type", "xml"], ["pub", "a", "{", "-t", "json"],
        ["pub", "a", "b", "--file", "c"], ["get", "a", "--api", "ws://a"],
        ["get", "a", "-H", "none"], ["get", "a", "--in-band"],
        ["bench", "--size", "1"], ["sub", "a", "--control", "http://a"],
        ["sessions", "a"], ["sessions", "--control", "ws://a"],
        ["sessions", "--url", "ws://a"], ["kick"], ["kick", "5"],
        ["kick", ".."], ["kick", "5f0c1d2e3b4a5968", "--all"],
        ["kick", "--user", "a", "--all"], ["kick", "--code", "3503"],
        ["revoke"], ["revoke", "--user", "a", "--all"],
        ["revoke", "--list", "--all"], ["revoke", "--all", "--limit", "1"],
        ["revoke", "--undo", "--all", "--before", "1"],
        ["token"], ["token", "try"], ["token", "make"],
        ["token", "make", "a", "-s", "b"], ["token", "make", "-s", ""],
        ["token", "make", "-s", "a", "--key", "b"],
        ["token", "make", "-s", "a", "--alg", "none"],
        ["token", "make", "-s", "a", "--alg", "RS256"],
        ["token", "make", "-s", "a", "--exp", "soon"],
        ["token", "make", "-s", "a", "--claim", "b"],
        ["token", "make", "-s", "a", "--pub"],
        ["token", "make", "-s", "a", "--url", "ws://a"],
        ["token", "explain", "a", "--sub", "b"]]) {
        const { code, err } = await called(args);
        assert.equal(code, 2, `${args}: ${err}`);
        assert.match(err, /^wspubsub: .+; see wspubsub .*--help\n$/);
    }
});

for (const [where, more] of [["WebSocket", () => []],
    ["the API", () => ["--api", api()]]]) {
    test(`pub, get and history by ${where}`, async () => {
        const topic = nginx.topic();
        const pub = (...args) => run(["pub", topic, ...args, ...more()]);
        const first = await pub("hello  wörld");
        assert.equal(first.code, 0, first.err);
        assert.match(first.out, /^\w+\.1\n$/);
        const [position] = lines(first);
        assert.equal((await pub("-t", "json", '{"a": 1}', "--if", position))
            .code, 0);
        const late = await pub("late", "--if", position);
        assert.equal(late.code, 1);
        assert.match(late.err, /^wspubsub: 114: /);
        assert.equal((await pub("-t", "patch", '{"b": 2}')).code, 0);
        const bytes = await run(["pub", topic, "-t", "binary", "--json",
            ...more()], { input: Buffer.of(0, 1, 255) });
        assert.equal(JSON.parse(bytes.out).seq, 4);
        for (const _ of range(1, 2)) {
            const keyed = await pub("once", "--key", "k");
            assert.match(keyed.out, /\.5\n$/);
        }
        assert.equal((await pub("x", "--if", "absent")).code, 1);

        const read = (...args) => run([...args, ...more()]);
        assert.equal((await read("get", topic)).out, `${topic} once\n`);
        assert.equal((await read("get", topic, "--raw")).out, "once\n");
        const history = await read("history", topic, "--last", "9");
        assert.deepEqual(lines(history), ["1 hello  wörld", '2 {"a":1}',
            '3 {"a":1,"b":2}', "4 base64:AAH/", "5 once"]);
        const since = await read("history", topic, "--since", position,
            "--json");
        const items = lines(since).map((line) => JSON.parse(line));
        assert.deepEqual(items.map(({ seq }) => seq), [2, 3, 4, 5]);
        assert.equal(items[2].b64, "AAH/");
        assert.ok(Number.isInteger(items[0].time));
        const missing = await read("get", `${topic}/no`);
        assert.equal(missing.code, 1);
        assert.match(missing.err, /^wspubsub: 102: /);
        assert.equal((await read("get", `${topic}/no/**`)).code, 0);
        for (const name of ["a b", "é?#%", "c"]) {
            await run(["pub", `${topic}/${name}`, name, "-q", ...more()]);
        }
        const all = await read("get", `${topic}/*`);
        assert.deepEqual(lines(all), ["a b", "c", "é?#%"].map((name) =>
            `${topic}/${name} ${name}`));
        const some = await read("get", `${topic}/*`, "--limit", "1",
            "--after", `${topic}/a b`);
        assert.deepEqual(lines(some), [`${topic}/c c`]);
        await Promise.all(range(1, 120).map((n) =>
            nginx.server.publish(`${topic}/many/${n}`, n)));
        const pages = await read("get", `${topic}/many/*`, "--limit", "5000");
        assert.equal(lines(pages).length, 120);
    });

    test(`lines, and a bench, by ${where}`, async () => {
        const topic = nginx.topic();
        const input = range(1, 500).map((n) => `line ${n}\n`).join("");
        const { code, err } = await run(
            ["pub", topic, "--lines", ...more()], { input });
        assert.equal(code, 0, err);
        assert.match(err, /500 published/);
        const history = await run(["history", topic, "--last", "500", "-r"]);
        assert.equal(lines(history).length, 500);
        if (where === "WebSocket") {
            assert.equal(history.out, input, "in order");
        }
        const bench = await run(["bench", nginx.topic("bench"), "--json",
            "--messages", "301", "--subscribers", "3", "--publishers", "2",
            "--url", nginx.server.url(), ...more()]);
        assert.equal(bench.code, 0, bench.err);
        const said = JSON.parse(bench.out);
        assert.equal(said.delivered, 903);
        assert.equal(said.missing, 0);
        assert.ok(said.latency_ms.p50 > 0 &&
            said.latency_ms.p50 <= said.latency_ms.max);
        const text = await run(["bench", nginx.topic("bench"), "--messages",
            "10", "--url", nginx.server.url(), ...more()]);
        assert.match(text.out, /^delivered .* 100 in all, 0 missing$/m);
    });
}

test("sub: values, then changes, until there are enough", async () => {
    const topic = nginx.topic();
    await nginx.server.publish(`${topic}/a`, { n: 1 });
    const one = start(["sub", `${topic}/a`, `${topic}/*`, "-n", "3"]);
    await until("the value", () => one.out);
    await run(["pub", `${topic}/b`, "two\nlines"]);
    await nginx.server.publish(`${topic}/a`, { n: 2 });
    assert.equal(await one.ended, 0);
    assert.equal(one.out, `${topic}/a {"n":1}\n${topic}/b two\nlines\n` +
        `${topic}/a {"n":2}\n`);
    const raw = await run(["sub", `${topic}/a`, "-rn1", "-q"]);
    assert.deepEqual([raw.out, raw.err], ['{"n":2}\n', ""]);
});

test("sub --json tells all that happens", async () => {
    const topic = nginx.topic();
    const { epoch } = await nginx.server.publish(topic, 1);
    const one = start(["sub", topic, "--json", "--last", "5"]);
    await until("the value", () => lines(one).length === 2);
    await nginx.server.remove(topic);
    await until("it is gone", () => lines(one).length === 3);
    one.child.kill("SIGINT");
    assert.equal(await one.ended, 0);
    assert.deepEqual(lines(one).map((line) => JSON.parse(line)), [
        { op: "topic", topic, epoch, seq: 1 },
        { op: "msg", topic, epoch, seq: 1, data: 1 },
        { op: "gone", topic, reason: "deleted" }]);
});

test("sub goes on over a drop and a reload", async () => {
    const topic = nginx.topic();
    const proxy = await nginx.proxy();
    const one = start(["sub", topic, "-r", "-n", "6", "--url", proxy.url()]);
    await until("it is connected", () => /connected/.test(one.err));
    for (const n of range(1, 6)) {
        if (n === 3) {
            proxy.cut();
        } else if (n === 5) {
            await nginx.server.reload();
        }
        await nginx.server.publish(topic, n);
    }
    assert.equal(await one.ended, 0);
    assert.deepEqual(lines(one), ["1", "2", "3", "4", "5", "6"]);
    assert.match(one.err, /no connection .*; again in [\d.]+ s/);
});

test("who", async () => {
    const topic = nginx.topic("room");
    const url = nginx.server.url("/named?name=ann");
    const one = start(["sub", topic, "--url", url]);
    await until("it is connected", () => one.err);
    const found = await until("she is there", async () => {
        const answer = await run(["who", topic]);
        return answer.out && answer;
    });
    assert.deepEqual([found.code, found.out], [0, "ann\n"]);
    assert.deepEqual(JSON.parse((await run(["who", topic, "-j"])).out),
        { who: ["ann"], connections: 1, more: false });
    const none = await run(["who", nginx.topic()]);
    assert.equal(none.code, 1);
    assert.match(none.err, /^wspubsub: 107: /);
    one.child.kill("SIGTERM");
    assert.equal(await one.ended, 0);
});

test("no server, refusals, timeouts", async () => {
    const nowhere = "ws://127.0.0.1:1/";
    await Promise.all([
        [["get", "a", "--url", nowhere], 3, /ECONNREFUSED/],
        [["pub", "a", "b", "--api", "http://127.0.0.1:1/"], 3, /ECONNREFUSED/],
        [["sub", "a", "--url", nowhere, "--timeout", "1"], 3,
            /ECONNREFUSED.*not within 1 s/s],
        [["get", "a", "--url", nginx.server.url("/nowhere")], 3, /404/],
        [["get", "a", "--api", `${api()}../nowhere/`], 1, /404/],
        [["sub", "a", "--url", nginx.server.url("/denied")], 4, /403/],
        [["pub", "a", "b", "--url", nginx.server.url("/guarded")], 4, /401/],
        [["get", "a", "--api", `${api()}../private`], 4, /403/],
        [["sub", "a/b", "--url", nginx.server.url("/narrow")], 1, /103/],
        [["pub", "$SYS/a", "b"], 1, /103/],
        [["bench", "a", "--url", nginx.server.url("/narrow")], 1, /103/],
        [["bench", "--url", nginx.server.url("/named")], 1, /103/],
        [["sub", nginx.topic(), "--timeout", "0.2", "-q"], 3, /within/],
    ].map(async ([args, code, words]) => {
        const one = await run(args);
        assert.equal(one.code, code, `${args}: ${one.err}`);
        assert.match(one.err, words);
    }));
    const token = nginx.server.url("/guarded?token=good");
    assert.equal((await run(["pub", nginx.topic(), "b", "-u", token])).code, 0);
});

test("a token in-band", async () => {
    const server = await TokenServer.start("hello");
    try {
        const with_ = (token, ...args) => run([...args, "-u", server.url(),
            "--in-band"], { env: { WSPUBSUB_TOKEN: token } });
        const got = await with_("good", "sub", "a", "-n", "1", "-rq");
        assert.deepEqual([got.code, got.out], [0, '"hello"\n']);
        assert.equal((await with_("good", "pub", "a", "b")).code, 0);
        assert.deepEqual(server.heard.map(({ op, token }) => token ?? op),
            ["good", "sub", "good", "pub"]);
        for (const args of [["sub", "a"], ["pub", "a", "b"]]) {
            const { code, err } = await with_("bad", ...args);
            assert.equal(code, 4, err);
            assert.match(err, /^wspubsub: 3502 not a good token$/m);
        }
    } finally {
        await server.stop();
    }
});

test("too much for the server", async () => {
    const { code, err } = await run(["pub", nginx.topic(), "-u",
        nginx.server.url("/narrow")], { input: "x".repeat(10_000) });
    assert.equal(code, 3, err);
    assert.match(err, /1009/);
});

test("whoever reads has had enough", async () => {
    const topic = nginx.topic();
    await nginx.server.publish(topic, 1);
    const one = start(["sub", topic, "-q"]);
    await until("the value", () => one.out);
    one.child.stdout.destroy();
    const publishing = setInterval(
        () => nginx.server.publish(topic, 2).catch(() => {}), 20);
    assert.equal(await one.ended, 0);
    clearInterval(publishing);
});
