import Foundation
import KizashiCore
import ShiftEvidence

/// The series of a folder of the Turing Change Point Dataset, scored against their annotations.
struct Score {
  private struct SeriesFile: Decodable {
    struct Part: Decodable { var raw: [Double?] }
    var name: String
    var n_dim: Int
    var series: [Part]
  }
  private struct Series {
    var name: String
    var values: [Double]
    var annotators: [[Int]]
  }
  private struct Figures {
    var cover = 0.0
    var f1 = 0.0
  }

  private let series: [Series]
  private let leftOut: [String]

  init(folder: URL) throws {
    let annotations = try JSONDecoder().decode(
      [String: [String: [Int]]].self, from: Data(contentsOf: folder.appending(path: "annotations.json")))
    var series: [Series] = []
    var leftOut: [String] = []
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    for file in files.sorted(by: { $0.path < $1.path })
    where file.pathExtension == "json" && file.lastPathComponent != "annotations.json" {
      let read = try JSONDecoder().decode(SeriesFile.self, from: Data(contentsOf: file))
      guard read.n_dim == 1, let theirs = annotations[read.name] else {
        leftOut.append(read.name)
        continue
      }
      // What is missing is as it was before: two of one series.
      var last = read.series[0].raw.lazy.compactMap { $0 }.first ?? 0
      let values = read.series[0].raw.map { value in
        last = value ?? last
        return last
      }
      series.append(Series(name: read.name, values: values, annotators: theirs.sorted { $0.key < $1.key }.map(\.value)))
    }
    self.series = series
    self.leftOut = leftOut
  }

  func report() {
    print("\(series.count) series; left out: \(leftOut.joined(separator: ", "))")
    // The rule's own numbers of weeks, in observations; and as many degrees of freedom as the rule's pooled σ begins with.
    let usual = Self.settings(farthest: 64, least: 19)
    show("no change points at all", series.map { figures([], $0) })
    for settings in [Self.settings(), usual] {
      show(name(settings), series.map { figures(SeriesDetector.changePoints(of: $0.values, settings), $0) })
    }
    let grid = Self.grid
    let all = grid.map { settings in
      series.map { figures(SeriesDetector.changePoints(of: $0.values, settings), $0) }
    }
    let one =
      grid.indices.max { mean(all[$0], \.f1) + mean(all[$0], \.cover) < mean(all[$1], \.f1) + mean(all[$1], \.cover) }
      ?? 0
    show("the best one of \(grid.count) for all series, \(name(grid[one]))", all[one])
    // Each measure by itself, as the paper does it.
    let oracle = series.indices.map { index in
      Figures(cover: all.map { $0[index].cover }.max() ?? 0, f1: all.map { $0[index].f1 }.max() ?? 0)
    }
    show("the best of them for each series", oracle)
    for one in series {
      let found = SeriesDetector.changePoints(of: one.values, usual)
      let got = figures(found, one)
      print("  \(one.name): cover \(Shift.decimals(got.cover, 3)), F1 \(Shift.decimals(got.f1, 3)), at \(found)")
    }
  }

  private static func settings(
    k: Int32 = 5_000, h: Int32 = 80_000, farthest: Int = 12, least: Int = 4
  ) -> ShiftSettings {
    ShiftSettings(direction: .both, k: k, h: h, weekDays: 1, nearestWeek: 2, farthestWeek: farthest, leastWeeks: least)
  }

  private func name(_ settings: ShiftSettings) -> String {
    "k \(text(settings.k)), h \(text(settings.h)), 2…\(settings.farthestWeek) back, at least \(settings.leastWeeks)"
  }

  private static var grid: [ShiftSettings] {
    [2_500, 5_000, 10_000].flatMap { k in
      [30_000, 50_000, 80_000, 120_000, 200_000].flatMap { h in
        [(12, 4), (24, 4), (24, 10), (64, 4), (64, 10), (64, 19)].map {
          settings(k: k, h: h, farthest: $0.0, least: $0.1)
        }
      }
    }
  }

  private func figures(_ found: [Int], _ series: Series) -> Figures {
    Figures(
      cover: ChangePointScore.cover(found, annotators: series.annotators, observations: series.values.count),
      f1: ChangePointScore.f1(found, annotators: series.annotators))
  }

  private func mean(_ figures: [Figures], _ path: KeyPath<Figures, Double>) -> Double {
    figures.reduce(0) { $0 + $1[keyPath: path] } / Double(max(1, figures.count))
  }

  private func show(_ name: String, _ figures: [Figures]) {
    print("\(name): cover \(Shift.decimals(mean(figures, \.cover), 3)), F1 \(Shift.decimals(mean(figures, \.f1), 3))")
  }

  private func text(_ tenThousandths: Int32) -> String { Shift.decimals(Double(tenThousandths) / 10_000, 2) }
}
