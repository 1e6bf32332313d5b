import Foundation
import TestSupport

/// Daily counts of one feature as accounts make them: working days busy, weekends quiet, and chance.
public struct SimulatedUsage {
  /// How much more than a Poisson count a day spreads.
  public enum Spread: String, CaseIterable, Sendable {
    case poisson
    /// Each day's mean is itself drawn, from a gamma distribution of shape 10: a coefficient of variation of 0.32 beyond
    /// Poisson's, as of an account with busy and slow days.
    case overdispersed
    /// That, and the level itself wanders from week to week: its logarithm is an autoregression of 0.9 a week with a
    /// standard deviation of 0.15. A detector cannot tell such a wave from a shift, and should it?
    case wandering
  }

  /// Of a mean day, Monday first: they add up to a week.
  static let weekdays = [1.3, 1.3, 1.3, 1.3, 1.3, 0.25, 0.25]

  private let mean: Double
  private let spread: Spread
  private var random: SeededGenerator
  private var spareNormal: Double?
  private var wave = 0.0

  /// An account with so many events on a mean day.
  public init(eventsPerDay mean: Double, _ spread: Spread, seed: UInt64) {
    self.mean = mean
    self.spread = spread
    random = SeededGenerator(seed: seed)
  }

  /// Events of a day; `level` 0.2: after a fall of 80 %.
  public mutating func day(_ day: Int, level: Double = 1) -> UInt32 {
    let expected = mean * Self.weekdays[day % 7] * level
    switch spread {
    case .poisson: return poisson(expected)
    case .overdispersed: return poisson(expected * gamma(shape: 10) / 10)
    case .wandering:
      if day % 7 == 0 { wave = 0.9 * wave + 0.15 * (1 - 0.9 * 0.9).squareRoot() * normal() }
      return poisson(expected * exp(wave) * gamma(shape: 10) / 10)
    }
  }

  private mutating func uniform() -> Double { Double(random.next() >> 11) * 0x1p-53 }

  /// Knuth's product of uniforms; means here stay far below the 700 at which e⁻ᵐ is nought.
  private mutating func poisson(_ mean: Double) -> UInt32 {
    let least = exp(-mean)
    var product = uniform()
    var count: UInt32 = 0
    while product > least {
      product *= uniform()
      count += 1
    }
    return count
  }

  /// Marsaglia and Tsang 2000.
  private mutating func gamma(shape: Double) -> Double {
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
      if v > 0, log(max(uniform(), .leastNormalMagnitude)) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }

  /// Box and Muller 1958.
  private mutating func normal() -> Double {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    let radius = (-2 * log(max(uniform(), .leastNormalMagnitude))).squareRoot()
    let angle = 2 * Double.pi * uniform()
    spareNormal = radius * sin(angle)
    return radius * cos(angle)
  }
}
