/// One of librdkafka's queues, for those who wake whoever polls it.
///
/// @unchecked Sendable: librdkafka's queues may be polled and woken from any thread.
struct QueueHandle: @unchecked Sendable { let pointer: OpaquePointer }
