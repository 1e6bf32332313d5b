import Synchronization

/// Receipts on their way from whoever stores to the thread of a source.
final class ReceiptBox: ReceiptTaker {
  private let waiting = Mutex<[Receipt]>([])
  private let waker: Waker

  /// A box that wakes the source's poll.
  init(_ waker: Waker) { self.waker = waker }

  func take(_ receipt: Receipt) {
    waiting.withLock { $0.append(receipt) }
    waker.wake()
  }

  /// Whether none waits.
  var isEmpty: Bool { waiting.withLock { $0.isEmpty } }

  /// All that wait, oldest first.
  func takeAll() -> [Receipt] {
    waiting.withLock { waiting in
      defer { waiting.removeAll() }
      return waiting
    }
  }
}
