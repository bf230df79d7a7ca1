import ServiceKit

/// What the API counts, for `/metrics` and docs/METRICS.md.
enum APIMetrics {
    static let all: [MetricDefinition] = [
        .init(.counter, "http_requests_total", ["method", "route", "status"], "Requests answered."),
        .init(.histogram, "http_request_duration_seconds", ["route"], "How long requests took."),
        .init(.counter, "http_requests_limited_total", [], "Requests refused because their address asked too often."),
        .init(.gauge, "websocket_clients", [], "WebSocket clients connected now."),
        .init(.gauge, "event_clients", [], "Clients of server-sent events connected now."),
        .init(.counter, "websocket_clients_refused_total", [], "Clients sent away because there were too many."),
        .init(
            .counter, "websocket_slow_clients_closed_total", [],
            "Clients of the Binance streams closed because they read too slowly."),
        .init(.counter, "websocket_frames_sent_total", [], "Messages sent to WebSocket clients."),
        .init(.counter, "server_sent_events_total", [], "Events sent to clients of server-sent events."),
        .init(.counter, "websocket_gaps_total", ["reason"], "Gaps told to clients: messages that they did not get."),
        .init(
            .histogram, "websocket_event_to_client_seconds", ["kind"],
            "From the time of a trade until it, or the price it made, is handed to the socket of a client."),
        .init(.counter, "live_messages_total", ["channel"], "Messages from Redis."),
        .init(.counter, "live_messages_malformed_total", [], "Messages from Redis that made no sense."),
        .init(.counter, "live_instruments_refused_total", [], "Instruments beyond the most that are shown live."),
        .init(.counter, "trade_tail_trades_total", ["outcome"], "Trades read from Kafka for recent trades."),
        .init(.counter, "trade_tail_malformed_total", [], "Records of the topic of trades that made no sense."),
    ]
}
