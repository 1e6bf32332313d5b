import CLinux
import Glibc

/// Runs an actor's jobs on one thread of its own.
///
/// A source spends its life in blocking calls: poll, reads from slow disks, decompression. On Swift's cooperative pool,
/// which has a thread per core, each would take a core's worth of everybody else's progress. On a thread of its own the
/// source is an ordinary actor that may block, and the hand-over to the sink is an ordinary `await`: while the sink
/// keeps the source waiting the thread sleeps, and this is all the back-pressure there is: one chunk outstanding.
package final class ThreadExecutor: SerialExecutor {
  private let jobs: JobQueue

  /// Starts the thread; `name` is shown by `top -H` (15 characters).
  package init(name: String) throws {
    jobs = JobQueue(name: name)
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(jobs)
    let code = pthread_create(
      &thread, &attributes,
      { context in
        Unmanaged<JobQueue>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, retained.toOpaque())
    guard code == 0 else {
      retained.release()
      throw IngestError(
        kind: .resource, operation: "start", subject: "the thread of \(name)", reason: errorText(code),
        hint: "raise the limit of threads (TasksMax=)")
    }
  }

  deinit { jobs.stop() }

  package func enqueue(_ job: consuming ExecutorJob) { jobs.push(UnownedJob(job), self) }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// A queue between many threads that push and one that runs.
///
/// Unchecked: all mutable state is touched under `lock` only, which the compiler cannot see.
private final class JobQueue: @unchecked Sendable {
  private let name: String
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let filled: UnsafeMutablePointer<pthread_cond_t>
  // With each job its executor: the thread must not outlive it while a job runs.
  private var waiting: [(job: UnownedJob, executor: ThreadExecutor)] = []
  private var stopped = false

  init(name: String) {
    self.name = name
    lock = .allocate(capacity: 1)
    filled = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(filled, nil)
  }

  deinit {
    pthread_cond_destroy(filled)
    pthread_mutex_destroy(lock)
    filled.deallocate()
    lock.deallocate()
  }

  func push(_ job: UnownedJob, _ executor: ThreadExecutor) {
    pthread_mutex_lock(lock)
    waiting.append((job, executor))
    pthread_cond_signal(filled)
    pthread_mutex_unlock(lock)
  }

  func stop() {
    pthread_mutex_lock(lock)
    stopped = true
    pthread_cond_signal(filled)
    pthread_mutex_unlock(lock)
  }

  func run() {
    // Signals are the daemon's business: none is delivered here.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    name.withCString { clinux_name_thread($0) }
    while let batch = take() {
      for (job, executor) in batch { job.runSynchronously(on: executor.asUnownedSerialExecutor()) }
    }
  }

  private func take() -> [(job: UnownedJob, executor: ThreadExecutor)]? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    while waiting.isEmpty {
      if stopped { return nil }
      pthread_cond_wait(filled, lock)
    }
    let batch = waiting
    waiting.removeAll(keepingCapacity: true)
    return batch
  }
}
