import GRDB
import KizashiCore

/// Writes what is known of customers beside their usage: contracts and milestones.
final class CustomerWriter {
  private let contract: HotStatement
  private let milestone: HotInsert

  init(_ db: Database) throws {
    contract = try HotStatement(db, "INSERT OR REPLACE INTO contract VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    milestone = try HotInsert(db, "INSERT OR REPLACE INTO milestone", columns: 5)
  }

  func write(_ commit: borrowing Commit, config: ConfigMapping) throws {
    for row in commit.contracts { try write(row) }
    milestone.begin()
    for row in commit.milestones { try write(row, config) }
    try milestone.finish()
  }

  private func write(_ row: ContractRow) throws {
    contract.bind(1, Int64(row.account))
    contract.bind(2, row.contract.product)
    contract.bind(3, row.contract.state.rawValue)
    contract.bind(4, row.contract.mrr)
    contract.bind(5, row.contract.currency)
    contract.bind(6, row.contract.startedAt)
    contract.bind(7, row.contract.termEnd)
    contract.bind(8, row.contract.reason)
    try contract.run()
  }

  private func write(_ row: MilestoneRow, _ config: ConfigMapping) throws {
    milestone.bind(1, Int64(row.account))
    milestone.bind(2, config.milestones[row.milestone])
    milestone.bind(3, row.reachedAt?.milliseconds)
    milestone.bind(4, row.dueAt?.milliseconds)
    milestone.bind(5, row.count)
    try milestone.add()
  }
}
