using MathNet.Numerics;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Sim.Core;

/// <summary>A number estimated from samples, and where the true one lies with the confidence asked for.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="Low">The lower end of the confidence interval; negative infinity when there are too few samples for one.</param>
/// <param name="High">The upper end; positive infinity when there are too few samples for one.</param>
public readonly record struct Estimate(double Value, double Low, double High);

/// <summary>A straight line through points.</summary>
/// <param name="Intercept">The line's y at x = 0.</param>
/// <param name="Slope">The line's rise for each unit of x.</param>
/// <param name="RSquared">The share of y's variance that the line explains, 0..1.</param>
public readonly record struct LinearFit(double Intercept, double Slope, double RSquared);

/// <summary>
/// Statistics of results. Floating point, and therefore never part of a simulation: nothing in here may decide what a model does.
/// </summary>
public static class Statistics
{
    /// <summary>
    /// A percentile of what the samples are drawn from. The interval holds for any distribution: it is a pair of order statistics, whose
    /// ranks follow from the binomial distribution.
    /// </summary>
    /// <param name="samples">Independent samples, in any order.</param>
    /// <param name="percent">Above 0, below 100.</param>
    /// <param name="confidence">How sure the interval is to be, above 0 and below 1.</param>
    /// <exception cref="ArgumentException">There are no samples, or one is not a number.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The percentage or the confidence is out of range.</exception>
    public static Estimate Percentile(ReadOnlySpan<double> samples, double percent, double confidence = 0.95)
    {
        if (samples.IsEmpty)
            throw new ArgumentException("A percentile needs at least one sample.", nameof(samples));
        var sorted = samples.ToArray();
        Array.Sort(sorted);
        if (double.IsNaN(sorted[0]))
            throw new ArgumentException("A sample is not a number.", nameof(samples));
        return AtRanks(sorted.Length, percent, confidence, rank => sorted[rank - 1]);
    }

    /// <summary>A percentile of recorded latencies, in femtoseconds, with its confidence interval.</summary>
    /// <param name="histogram">Its buckets add up to 0.4 % to the interval.</param>
    /// <param name="percent">Above 0, below 100.</param>
    /// <param name="confidence">How sure the interval is to be, above 0 and below 1.</param>
    /// <exception cref="ArgumentException">The histogram is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The percentage or the confidence is out of range.</exception>
    public static Estimate Percentile(LatencyHistogram histogram, double percent, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(histogram);
        if (histogram.Count == 0)
            throw new ArgumentException("A percentile needs at least one sample.", nameof(histogram));
        return AtRanks(histogram.Count, percent, confidence, rank => histogram.AtRank(rank).Femtoseconds);
    }

    /// <summary>The mean with its confidence interval after Student.</summary>
    /// <param name="samples">Independent samples; with a single one the interval is infinite.</param>
    /// <param name="confidence">How sure the interval is to be, above 0 and below 1.</param>
    /// <exception cref="ArgumentException">There are no samples.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The confidence is out of range.</exception>
    public static Estimate Mean(IReadOnlyCollection<double> samples, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(samples);
        CheckOpenRange(confidence, 1, nameof(confidence));
        if (samples.Count == 0)
            throw new ArgumentException("A mean needs at least one sample.", nameof(samples));
        var (mean, deviation) = samples.MeanStandardDeviation();
        if (samples.Count == 1)
            return new(mean, double.NegativeInfinity, double.PositiveInfinity);
        var half = StudentT.InvCDF(0, 1, samples.Count - 1, (1 + confidence) / 2) * deviation / Math.Sqrt(samples.Count);
        return new(mean, mean - half, mean + half);
    }

    /// <summary>The line of least squares.</summary>
    /// <param name="x">Two different values or more.</param>
    /// <param name="y">As many as <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">The lengths differ, or all x are equal.</exception>
    public static LinearFit FitLine(double[] x, double[] y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Length != y.Length || x.Distinct().Count() < 2)
            throw new ArgumentException("A line needs as many x as y, and at least two different x.", nameof(x));
        var (intercept, slope) = Fit.Line(x, y);
        var constant = y.All(value => value == y[0]);
        return new(intercept, slope, constant ? 1 : GoodnessOfFit.RSquared(x.Select(value => intercept + slope * value), y));
    }

    /// <summary>The mean wait before service in an M/M/1 queue: Poisson arrivals, exponential service, one server.</summary>
    /// <param name="utilization">Arrival rate times mean service time, 0 to below 1.</param>
    /// <param name="service">The mean service time; the result has its unit.</param>
    /// <exception cref="ArgumentOutOfRangeException">The utilization is outside 0..1.</exception>
    public static double MeanWaitMM1(double utilization, double service) => MeanWaitMG1(utilization, service, 1);

    /// <summary>The mean wait before service in an M/D/1 queue: Poisson arrivals, constant service, one server.</summary>
    /// <inheritdoc cref="MeanWaitMM1"/>
    public static double MeanWaitMD1(double utilization, double service) => MeanWaitMG1(utilization, service, 0);

    /// <summary>The mean wait before service in an M/G/1 queue, after Pollaczek and Khinchine.</summary>
    /// <param name="utilization">Arrival rate times mean service time, 0 to below 1.</param>
    /// <param name="service">The mean service time; the result has its unit.</param>
    /// <param name="squaredVariation">The service time's variance over its squared mean: 0 if constant, 1 if exponential.</param>
    /// <exception cref="ArgumentOutOfRangeException">The utilization is outside 0..1.</exception>
    public static double MeanWaitMG1(double utilization, double service, double squaredVariation)
    {
        if (!(utilization is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(utilization), utilization, "A queue has a mean wait only below 1.");
        return utilization * service * (1 + squaredVariation) / (2 * (1 - utilization));
    }

    private static Estimate AtRanks(long count, double percent, double confidence, Func<long, double> at)
    {
        CheckOpenRange(percent, 100, nameof(percent));
        CheckOpenRange(confidence, 1, nameof(confidence));
        var p = percent / 100;
        var tail = (1 - confidence) / 2;
        // As few samples lie below the percentile as a binomial number; rank r is below it if that number is at least r.
        var low = FirstWhere(count, x => Below(x) > tail);
        var high = FirstWhere(count, x => Below(x) >= 1 - tail) + 1;
        var value = Math.Clamp((long)Math.Ceiling(p * count), 1, count);
        return new(at(value), low < 1 ? double.NegativeInfinity : at(low), high > count ? double.PositiveInfinity : at(high));

        double Below(long x) => x >= count ? 1 : SpecialFunctions.BetaRegularized(count - x, x + 1, 1 - p);
    }

    /// <summary>The least of 0..count for which a monotone condition holds.</summary>
    private static long FirstWhere(long count, Func<long, bool> condition)
    {
        var (from, to) = (0L, count);
        while (from < to)
        {
            var middle = from + (to - from) / 2;
            if (condition(middle))
                to = middle;
            else
                from = middle + 1;
        }
        return from;
    }

    private static void CheckOpenRange(double value, double end, string name)
    {
        if (!(value > 0 && value < end))
            throw new ArgumentOutOfRangeException(name, value, $"The value must lie between 0 and {end}, exclusive.");
    }
}
