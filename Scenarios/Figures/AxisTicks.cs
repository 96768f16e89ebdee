using System.Globalization;

namespace Scenarios.Figures;

/// <summary>Where the ticks of an axis are and what they say: round numbers in one unit, named in the axis label.</summary>
internal sealed class AxisTicks
{
    private static readonly (string Unit, double Femtoseconds)[] TimeUnits =
        [("s", 1e15), ("ms", 1e12), ("us", 1e9), ("ns", 1e6), ("ps", 1e3), ("fs", 1)];

    private AxisTicks(double least, double most, bool logarithmic, string unit, IReadOnlyList<(double At, string Text)> ticks) =>
        (Least, Most, Logarithmic, Unit, Ticks) = (least, most, logarithmic, unit, ticks);

    public double Least { get; }
    public double Most { get; }
    public bool Logarithmic { get; }

    /// <summary>The unit of every tick, or nothing.</summary>
    public string Unit { get; }

    public IReadOnlyList<(double At, string Text)> Ticks { get; }

    /// <summary>Where a value lies: 0 at the least, 1 at the most.</summary>
    public double Part(double value) => Logarithmic
        ? (Math.Log10(value) - Math.Log10(Least)) / (Math.Log10(Most) - Math.Log10(Least))
        : (value - Least) / (Most - Least);

    /// <summary>An axis that holds the values with a little air on both sides.</summary>
    public static AxisTicks Around(IEnumerable<double> values, PlotAxis axis, int about)
    {
        var all = values.ToArray();
        var (least, most) = all.Length == 0 ? (0, 1) : (all.Min(), all.Max());
        if (axis.Logarithmic && least > 0) return Log(least / 1.25, most * 1.25, axis.Quantity);
        var air = most > least ? (most - least) * 0.06 : Math.Max(1, Math.Abs(most) * 0.1);
        return Linear(least >= 0 ? Math.Max(0, least - air) : least - air, most + air, axis.Quantity, about);
    }

    public static AxisTicks Linear(double least, double most, AxisQuantity quantity, int about)
    {
        var step = Round((most - least) / about);
        // The unit is that of the step's size, not of the offset: 40.1 us, 40.2 us, ...
        var (unit, scale) = UnitFor(quantity, Math.Max(Math.Abs(most), Math.Abs(least)));
        var ticks = new List<(double, string)>();
        for (var n = Math.Ceiling(least / step - 1e-9); n * step <= most * (1 + 1e-12); n++)
            ticks.Add((n * step, Text(n * step / scale + 0.0))); // + 0.0: no '-0'
        return new AxisTicks(least, most, false, unit, ticks);
    }

    private static AxisTicks Log(double least, double most, AxisQuantity quantity)
    {
        var (unit, scale) = UnitFor(quantity, Math.Sqrt(least * most));
        var decades = Math.Log10(most / least);
        double[] steps = decades <= 2.2 ? [1, 2, 5] : [1];
        var ticks = new List<(double, string)>();
        for (var decade = Math.Floor(Math.Log10(least)); decade <= Math.Ceiling(Math.Log10(most)); decade++)
            foreach (var step in steps)
                if (step * Math.Pow(10, decade) is var at && at >= least && at <= most) ticks.Add((at, Text(at / scale)));
        return new AxisTicks(least, most, true, unit, ticks);
    }

    private static (string Unit, double Scale) UnitFor(AxisQuantity quantity, double size)
    {
        if (quantity == AxisQuantity.Number) return ("", 1);
        foreach (var unit in TimeUnits)
            if (size >= 4 * unit.Femtoseconds) return unit; // 850 to 1050 ns rather than 0.85 to 1.05 us
        return TimeUnits[^1];
    }

    private static double Round(double step)
    {
        var decade = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return (step / decade) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * decade;
    }

    private static string Text(double value) => Math.Round(value, 9).ToString("0.#########", CultureInfo.InvariantCulture);
}
