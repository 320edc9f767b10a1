// `wspubsub sessions`, `kick` and `revoke`, on a real nginx.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { command, lines } from "./support/command.js";
import { HttpProxy } from "./support/http_proxy.js";
import { follow, live } from "./support/live.js";
import { range, until } from "./support/wait.js";

const SECRET = "an-example-is-not-a-secret-012345";
const nginx = live(`
    location /token {
        ws_pubsub_token_key HS256 data:${SECRET};
        ws_pubsub zone=main;
        ws_pubsub_allow_subscribe "**";
    }
    location /control/ {
        ws_pubsub_control zone=main;
        add_header X-Worker $pid always;
    }
    location /guarded-control/ {
        ws_pubsub_token_key HS256 data:${SECRET};
        ws_pubsub_token required;
        ws_pubsub_token_check require=admin;
        ws_pubsub_control zone=main;
    }
    location /many {
        ws_pubsub zone=main;
        ws_pubsub_identity $arg_name;
        ws_pubsub_allow_subscribe "**";
    }`);
const http = (path) => nginx.server.url(path).replace("ws:", "http:");
const { run } = command(() => ({ WSPUBSUB_CONTROL: http("/control/") }));

async function token(...options) {
    const made = await run(["token", "make", "-s", SECRET, ...options]);
    assert.equal(made.code, 0, made.err);
    return made.out.trim();
}

// A client that is open, and named so.
function named(name) {
    return opened(`/many?name=${name}`);
}

async function opened(path) {
    const client = nginx.client(nginx.server.url(path));
    await until("it is open", () => client.states.some(({ state }) =>
        state === "open"));
    return client;
}

const withToken = (text) => opened(`/token?token=${text}`);

async function listed(...options) {
    const { code, out, err } = await run(["sessions", "--json", ...options]);
    assert.equal(code, 0, err);
    return lines({ out }).map((line) => JSON.parse(line));
}

test("sessions: a table, or lines of JSON; filters", async () => {
    const topic = nginx.topic();
    await follow(await named("tab-ann"), topic);
    await named("tab-bob");
    await withToken(await token("--sub", "tab-carl"));
    const [ann] = await listed("--identity", "tab-ann");
    assert.equal(ann.subscriptions, 1);
    assert.deepEqual((await listed("--topic", topic)).map(({ id }) => id),
        [ann.id]);
    const [carl, ...others] = await listed("--user", "tab-carl",
        "--endpoint", "/token");
    assert.deepEqual(others, []);
    assert.equal((await listed("--user", "tab-carl", "--endpoint", "/many"))
        .length, 0);
    const { out, err, code } = await run(["sessions"]);
    assert.equal(code, 0, err);
    const [heading, ...rows] = lines({ out });
    assert.match(heading, /^id +user +identity +address .* worker$/);
    assert.equal(rows.length, 3);
    const since = new Date(ann.since * 1000).toISOString().slice(0, 19);
    assert.match(out, new RegExp(`^${ann.id}  - +tab-ann +127.0.0.1 +/many ` +
        `+${since}Z +- +1 .* ${ann.worker}$`, "m"));
    const expires = new Date(carl.expires * 1000).toISOString().slice(0, 19);
    assert.match(out, new RegExp(`^${carl.id}  tab-carl .* ${expires}Z `,
        "m"));
    assert.equal((await run(["sessions", "--user", "nobody"])).out, "");
});

test("what users are called moves no cursor", async () => {
    await withToken(await token("--sub", "evil\u009b2J\u202e"));
    const { out } = await run(["sessions", "--endpoint", "/token"]);
    assert.match(out, / evil\\u009b2J\\u202e /);
});

test("sessions: as many as there are, or as are asked for", async () => {
    await Promise.all(range(1, 7).map(() => named("page")));
    const ids = (rows) => rows.map(({ id }) => id);
    const all = ids(await listed("--identity", "page"));
    assert.equal(new Set(all).size, 7);
    assert.deepEqual(all, [...all].sort());
    assert.deepEqual(ids(await listed("--identity", "page", "--limit", "3")),
        all.slice(0, 3));
});

// In place of nginx: 5 rows, of which it gives 2 at once; a worker has not
// answered the 2nd page.
test("pages, as many as there are", async () => {
    const asked = [];
    const server = createServer(({ url }, response) => {
        const { searchParams } = new URL(url, "http://a");
        asked.push(searchParams.toString());
        const begin = Number(searchParams.get("after") ?? 0);
        const rows = range(begin + 1, Math.min(begin + 2, 5));
        response.end(JSON.stringify({ sessions: rows.map((id) => ({ id })),
            more: begin < 3, missing: begin === 2 ? [7] : [] }));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const at = ["-c", `http://127.0.0.1:${server.address().port}`, "-j"];
    try {
        const all = await run(["sessions", "--user", "a+b", ...at]);
        assert.equal(all.code, 1);
        assert.match(all.err, /not answered: 7;/);
        assert.equal(all.out, range(1, 5).map((id) => `{"id":${id}}\n`)
            .join(""));
        assert.deepEqual(asked, ["user=a%2Bb&limit=1000",
            "user=a%2Bb&after=2&limit=1000", "user=a%2Bb&after=4&limit=1000"]);
        asked.length = 0;
        assert.equal(lines(await run(["sessions", "--limit", "4", ...at]))
            .length, 4);
        assert.deepEqual(asked, ["limit=4", "after=2&limit=2"]);
    } finally {
        server.close();
    }
});

test("kick: one, by what it is, and none", async () => {
    const topic = nginx.topic();
    const client = await named("kick-ann");
    await follow(client, topic);
    const [{ id }] = await listed("--identity", "kick-ann");
    const one = await run(["kick", id, "--code", "4001", "--reason", "a b+c"]);
    assert.deepEqual([one.code, one.out], [0, "1 closed\n"], one.err);
    await until("it is told", () => client.states.some(({ code, reason }) =>
        code === 4001 && reason === "a b+c"));
    const again = await run(["kick", id]);
    assert.equal(again.code, 1);
    assert.match(again.err, /^wspubsub: 102: unknown session$/m);

    await Promise.all(range(1, 3).map(() => named("kick-bob")));
    const more = await run(["kick", "--identity", "kick-bob", "-j"]);
    assert.deepEqual(JSON.parse(more.out), { closed: 3 });
    await withToken(await token("--sub", "kick-carl"));
    const both = ["kick", "--user", "kick-carl", "--topic"];
    assert.equal((await run([...both, topic])).out, "0 closed\n");
    assert.equal((await run(["kick", "--user", "kick-carl"])).out,
        "1 closed\n");
    const bad = await run(["kick", "--all", "--code", "2000"]);
    assert.equal(bad.code, 1);
    assert.match(bad.err, /^wspubsub: 107: code must be /);
    const all = await run(["kick", "--all"]);
    assert.match(all.out, /^\d+ closed\n$/);
});

test("revoke, its list, and undo", async () => {
    const client = await withToken(await token("--sub", "rev-eve"));
    const done = await run(["revoke", "--user", "rev-eve"]);
    assert.deepEqual([done.code, done.out], [0, "1 closed\n"], done.err);
    await until("it is refused", () => client.states.some(({ state }) =>
        state === "unauthorized"));
    const before = String(Math.floor(Date.now() / 1000) - 60);
    assert.equal((await run(["revoke", "--jti", "rev 7", "--before", before]))
        .out, "0 closed\n");
    assert.equal((await run(["revoke", "--all", "--before", "1000"])).out,
        "0 closed\n");

    const rows = lines(await run(["revoke", "--list", "--json"]))
        .map((line) => JSON.parse(line));
    assert.deepEqual(rows.map(({ all, user, jti }) => all ?? user ?? jti),
        [true, "rev-eve", "rev 7"]);
    assert.equal(rows[2].before, Number(before));
    const [heading, ...text] = lines(await run(["revoke", "--list"]));
    assert.match(heading, /^of +name +before +expires$/);
    assert.match(text[0], /^all +- +1970-01-01T00:16:40Z +2/);
    assert.match(text[1], /^user  rev-eve +2/);
    assert.equal(lines(await run(["revoke", "--list", "-j", "--limit", "2"]))
        .length, 2);

    assert.equal((await run(["revoke", "--undo", "--user", "rev-eve"])).out,
        "1 removed\n");
    assert.deepEqual(JSON.parse((await run(["revoke", "--undo", "--user",
        "rev-eve", "-j"])).out), { removed: 0 });
    for (const args of [["--jti", "rev 7"], ["--all"]]) {
        assert.equal((await run(["revoke", "--undo", ...args])).out,
            "1 removed\n");
    }
    assert.equal((await run(["revoke", "--list"])).out, "");
    const bad = await run(["revoke", "--user", "x".repeat(256)]);
    assert.equal(bad.code, 1);
    assert.match(bad.err, /^wspubsub: 107: /);
});

test("a control location with tokens, another one, and none", async () => {
    const at = (...more) => run(["sessions", "-c", http("/guarded-control"),
        ...more]);
    const user = await token("--sub", "ctl-ann");
    const admin = await token("--sub", "ctl-ann", "--claim", "admin=true");
    assert.equal((await at()).code, 4);
    assert.equal((await at("--token", user)).code, 4);
    assert.equal((await at("--token", admin)).code, 0);
    assert.equal((await at("-H", `Authorization: Bearer ${admin}`)).code, 0);
    const named_ = await run(["kick", "--user", "nobody"], { env: {
        WSPUBSUB_TOKEN: admin, WSPUBSUB_CONTROL: http("/guarded-control/") } });
    assert.equal(named_.out, "0 closed\n");
    const nowhere = await run(["revoke", "--list", "-c", "http://127.0.0.1:1"]);
    assert.equal(nowhere.code, 3);
    assert.match(nowhere.err, /ECONNREFUSED/);
    const other = await run(["sessions", "-c", http("/nothing/")]);
    assert.equal(other.code, 1);
    assert.match(other.err, /404/);
});

// A session on each worker at least; all of them.
async function onEachWorker(name) {
    const clients = [];
    const rows = await until("sessions on each worker", async () => {
        clients.push(...await Promise.all(range(1, 4).map(() =>
            named(name))));
        const all = await listed("--identity", name);
        return new Set(all.map(({ worker }) => worker)).size === 2 && all;
    });
    return { clients, rows };
}

test("a worker that does not answer", async () => {
    const { clients, rows } = await onEachWorker("hang");
    const proxy = await HttpProxy.start(nginx.server.port);
    const at = ["-c", proxy.url("/control/")];
    const { headers } = await fetch(proxy.url("/control/sessions"));
    const other = Number(headers.get("x-worker"));
    const victim = rows.find(({ worker }) => worker !== other).worker;
    const left = rows.filter(({ worker }) => worker === other).length;
    process.kill(victim, "SIGSTOP");
    try {
        const list = await run(["sessions", "--identity", "hang", "-j", ...at]);
        assert.equal(list.code, 1, list.err);
        assert.equal(lines(list).length, left);
        assert.equal(list.err, "wspubsub: workers that have not answered: " +
            `${victim}; theirs are not here\n`);
        const kick = await run(["kick", "--identity", "hang", ...at]);
        assert.deepEqual([kick.code, kick.out], [1, `${left} closed\n`]);
        assert.match(kick.err, new RegExp(`answered: ${victim}; they do it `));
        const revoke = await run(["revoke", "--user", "hang-x", "-j", ...at]);
        assert.deepEqual([revoke.code, JSON.parse(revoke.out)],
            [1, { closed: 0, missing: [victim] }]);
    } finally {
        process.kill(victim, "SIGCONT");
        await proxy.stop();
    }
    await until("all are closed", () => clients.every(({ states }) =>
        states.some(({ code }) => code === 3503)));
});
