using Scenarios.Model;
using Scenarios.Platforms;

namespace Scenarios.Output;

/// <summary>Says which real machine a script ran on, above its verdicts: they hold for it.</summary>
internal static class MachineWords
{
    public static IEnumerable<string> Lines(ScriptFile file)
    {
        if (file.Platform is not { } seat) yield break;
        var (rootPort, device) = PlatformSetup.NamesIn(file.Script.Topology);
        var above = rootPort;
        if (seat.RootPort is { } port) yield return $"{rootPort} is {port.Summary} of {seat.File}.";
        foreach (var dumped in seat.Switches)
        {
            if (dumped.Up is { } up) yield return $"Below {above}: {up.Summary}.";
            else yield return $"Below {above}: a Switch Upstream Port that {seat.File} does not hold; it is the simulator's own.";
            yield return $"Below that: {dumped.Down.Summary} of {seat.File}.";
            above = dumped.Down.Function.Id.ToString();
        }

        if (seat.Device is { } replaced) yield return $"{device} stands in for {replaced.Summary} of {seat.File}.";
        if (file.Host is { } host) yield return $"Host setup {host.Name}: {host.Says}";
        foreach (var note in seat.Notes.Distinct()) yield return $"Note: {note}.";
    }
}
