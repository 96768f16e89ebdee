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
        if (seat.RootPort is { } port) yield return $"{rootPort} is {Words(port)}.";
        foreach (var dumped in seat.Switches)
        {
            if (dumped.Up is { } up) yield return $"Below {above}: {Words(up)}.";
            else yield return $"Below {above}: a Switch Upstream Port that {seat.File} does not hold; it is the simulator's own.";
            yield return $"Below that: {Words(dumped.Down)}.";
            above = dumped.Down.Function.Id.ToString();
        }

        if (seat.Device is { } replaced) yield return $"{device} stands in for {Words(replaced)}.";
        if (file.Host is { } host) yield return $"Host setup {host.Name}: {host.Says}";
        foreach (var note in seat.Notes.Distinct()) yield return $"Note: {note}.";

        string Words(DumpedPart part) => $"{part.Title} of {seat.File}{(part.Traits.Length > 0 ? ": " : "")}{part.Traits}";
    }
}
