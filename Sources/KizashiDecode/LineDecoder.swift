import CSimdjson
import KizashiCore

/// Turns the lines of one source into events.
///
/// One per source, used from one thread at a time. It keeps no part of a chunk; what it learns from one chunk for the
/// next is only which account a user was given (`remember_account`).
public final class LineDecoder {
  private let decoder: OpaquePointer

  /// Whether accounts that `group` events give are remembered: then a restart must hand them back, see ``remember``.
  public let remembersAccounts: Bool

  /// The most bytes of one chunk: offsets into a batch's text are 32 bits wide.
  public static let chunkLimit = 1 << 30

  /// A decoder for lines that follow `options`.
  public init(options: DecodeOptions) {
    precondition(
      MemoryLayout<TextRange>.size == MemoryLayout<ks_range>.size
        && MemoryLayout<TextRange>.stride == MemoryLayout<ks_range>.stride,
      "TextRange and ks_range must have one layout: columns are copied as they are")
    let plan = FormatPlan(options)
    remembersAccounts = plan.options.remember_account
    decoder = plan.makeDecoder()
  }

  deinit { ks_decoder_destroy(decoder) }

  /// Replaces the rows of `batch` by those of `chunk`; `source` and `latestAcceptable` stay as they are.
  ///
  /// - Parameters:
  ///   - chunk: Whole lines; the last one may lack its line end. At most ``chunkLimit`` bytes.
  ///   - atStreamStart: Whether the chunk is the beginning of its stream, where a byte-order mark is skipped.
  ///   - receivedAt: When the chunk was read: the instant of lines without one, where the source allows them.
  public func decode(
    _ chunk: UnsafeRawBufferPointer, atStreamStart: Bool, receivedAt: Instant, into batch: inout EventBatch
  ) {
    precondition(chunk.count <= Self.chunkLimit, "a chunk of \(chunk.count) bytes: split it at a line end")
    let bytes = chunk.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let rows = ks_decode(decoder, bytes, chunk.count, atStreamStart, receivedAt.milliseconds) else { return }
    batch.adopt(rows.pointee)
  }

  /// Restores what a `group` event taught before a restart: later events of `user` without an account are `account`'s.
  /// Call it in log order.
  public func remember(user: String, account: String) {
    var user = user
    var account = account
    user.withUTF8 { user in
      account.withUTF8 { account in
        user.withMemoryRebound(to: CChar.self) { user in
          account.withMemoryRebound(to: CChar.self) { account in
            ks_decoder_remember(decoder, user.baseAddress, user.count, account.baseAddress, account.count)
          }
        }
      }
    }
  }
}
