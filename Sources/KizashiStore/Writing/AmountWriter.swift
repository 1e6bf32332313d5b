import GRDB
import KizashiCore

/// Writes what properties of events come to.
final class AmountWriter {
  private let amount: HotInsert

  init(_ db: Database) throws {
    let mask = "\((Int64(1) << SumTable.lowBits) - 1)"
    amount = try HotInsert(
      db, "INSERT INTO amount", columns: 6,
      upsert: """
        ON CONFLICT (hour, account, event, property) DO UPDATE SET
          high = high + excluded.high + ((low + excluded.low) >> \(SumTable.lowBits)),
          low = (low + excluded.low) & \(mask)
        """)
  }

  /// Adds a commit's amounts to what is stored.
  /// - Parameter properties: The store-wide number of each of the model's properties.
  func write(_ amounts: [Amount], properties: [Int64]) throws {
    amount.begin()
    for row in Amount.combined(amounts) {
      amount.bind(1, Int64(row.hour))
      amount.bind(2, Int64(row.account))
      amount.bind(3, Int64(row.event))
      amount.bind(4, properties[row.property])
      amount.bind(5, Int64(truncatingIfNeeded: row.micros >> SumTable.lowBits))
      amount.bind(6, Int64(truncatingIfNeeded: row.micros & (Int128(1) << SumTable.lowBits - 1)))
      try amount.add()
    }
    try amount.finish()
  }
}
