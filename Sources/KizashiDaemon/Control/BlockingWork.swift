import Dispatch

/// Threads for what waits in system calls.
///
/// Swift's tasks and concurrent dispatch queues share one pool of as many threads as the machine has cores, and the engine
/// needs them. Serial queues are served by threads that the pool makes beyond that, at once; hence one for each piece of
/// work.
enum BlockingWork {
  /// Starts something that may block.
  static func start(_ body: @escaping @Sendable () -> Void) {
    DispatchQueue(label: "kizashi.blocking").async(execute: body)
  }

  /// Waits for something that may block, without holding one of Swift's threads.
  static func run<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
      start {
        do throws(Failure) {
          continuation.resume(returning: .success(try body()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try result.get()
  }
}
