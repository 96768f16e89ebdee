using System.Globalization;
using Scenarios.Figures.Svg;

namespace Scenarios.Tests;

public class SvgNumberTests
{
    [Test]
    public void A_number_is_written_as_its_format_says()
    {
        var random = new Random(1);
        double[] special = [0, -0.0, 0.005, -0.001, 0.125, 1.005, 2.675, 99.995, -3.14159, 1e12, 1e20, double.NaN, 1120];
        foreach (var value in special.Concat(Enumerable.Range(0, 200_000).Select(_ => (random.NextDouble() - 0.2) * 2000)))
        {
            var expected = Math.Round(value, 2).ToString("0.##", CultureInfo.InvariantCulture);
            if (new SvgNumber(value).ToString() != expected) Assert.Fail($"{value:R} is {new SvgNumber(value)}, not {expected}");
        }
    }
}
