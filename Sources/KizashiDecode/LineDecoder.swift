import CSimdjson
import KizashiCore

/// Turns the lines of one source into events.
///
/// One per source, used from one thread at a time. It keeps nothing of a chunk for the next.
public final class LineDecoder {
  private let decoder: OpaquePointer

  /// `remember_account`: an event of a user without an account is the account's that a `group` event gave the user.
  private let remembersAccounts: Bool

  /// What is read of the properties of usage events.
  public let wanted: WantedProperties

  /// The most bytes of one chunk: offsets into a batch's text are 32 bits wide.
  public static let chunkLimit = 1 << 30

  /// A decoder for lines that follow `options`.
  ///
  /// - Parameter wanted: What is read of the properties of usage events; where that is nothing they are skipped unread.
  public init(options: DecodeOptions, wanted: WantedProperties = WantedProperties()) {
    precondition(wanted.filters.count <= Model.mostFilters, "\(wanted.filters.count) filters do not fit one word")
    precondition(
      MemoryLayout<TextRange>.size == MemoryLayout<ks_range>.size
        && MemoryLayout<TextRange>.stride == MemoryLayout<ks_range>.stride,
      "TextRange and ks_range must have one layout: columns are copied as they are")
    var plan = FormatPlan(options)
    remembersAccounts = plan.options.remember_account
    plan.wanted = wanted
    self.wanted = wanted
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
    batch.remembersAccounts = remembersAccounts
    batch.wanted = wanted
  }
}
