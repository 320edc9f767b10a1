// Two hosts of a cluster, by serve_cluster.py, which says what they can be told.

import { publishAt, Script } from "./server.js";

export class Cluster extends Script {
    #ports;

    static async start() {
        const cluster = new Cluster();
        cluster.#ports = (await cluster.run("serve_cluster.py")).ports;
        return cluster;
    }

    // For connect(): each attempt is at the next host, `first` before all.
    url(first = 0) {
        let next = first;
        return () => {
            const port = this.#ports[next++ % this.#ports.length];
            return `ws://127.0.0.1:${port}/ws`;
        };
    }

    // At that host.
    publish(host, topic, data) {
        return publishAt(this.#ports[host], topic, data);
    }
}
