import NIOCore

/// Runs a session's tasks on the event loop of its connection.
///
/// SwiftNIO's loops are executors of actors only (apple/swift-nio pull request 2732).
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
