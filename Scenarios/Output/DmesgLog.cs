using System.Globalization;
using System.Text;
using Scenarios.Results;

namespace Scenarios.Output;

/// <summary>dmesg.log: the kernel's lines with the kernel's time stamps, variant by variant.</summary>
internal static class DmesgLog
{
    public static string Of(ScenarioResult result)
    {
        var text = new StringBuilder();
        foreach (var variant in result.Variants.Select(v => v.Result))
        {
            text.Append(CultureInfo.InvariantCulture, $"# {variant.Variant.Name}\n");
            foreach (var line in variant.Dmesg) text.Append(Line(line)).Append('\n');
            if (variant.Dmesg.Count == 0) text.Append("# nothing was logged\n");
            text.Append('\n');
        }
        return text.ToString();
    }

    public static string Line(LogLine line)
    {
        var (seconds, rest) = Math.DivRem(line.Time.Femtoseconds / 1_000_000_000, 1_000_000);
        return string.Create(CultureInfo.InvariantCulture, $"[{seconds,5}.{rest:000000}] {line.Text}");
    }
}
