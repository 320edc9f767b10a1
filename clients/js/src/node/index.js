// The entry for Node: a WebSocket where there is none.

export { WebSocket, withOptions } from "./websocket.js";
