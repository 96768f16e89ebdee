using Sim.Pcie.Spec;

namespace Sim.Vfio.Kernel;

/// <summary>What the Linux DPC driver prints for a containment event, from the port's registers alone (§7.9.14).</summary>
public static class DpcText
{
    private const int SoftwareTrigger = 1;

    /// <summary>The lines of one event.</summary>
    /// <param name="status">DPC Status: Trigger Reason in 2:1, Trigger Reason Extension in 6:5.</param>
    /// <param name="source">DPC Error Source ID; meaningful for ERR_NONFATAL and ERR_FATAL only.</param>
    /// <param name="release">Whose wording.</param>
    public static IEnumerable<string> Containment(ushort status, RoutingId source, KernelRelease release)
    {
        var reason = status >> 1 & 3;
        var what = Reason(status);
        if (release != KernelRelease.Linux616)
            return [$"DPC: containment event, status:0x{status:x4} source:0x{source.Value:x4}", $"DPC: {what} detected"];
        return reason is 1 or 2
            ? [$"DPC: containment event, status:0x{status:x4}, {what} received from {AerText.Bdf(source)}"]
            : [$"DPC: containment event, status:0x{status:x4}: {what} detected"];
    }

    /// <summary>The Trigger Reason in the kernel's words.</summary>
    public static string Reason(ushort status) => (status >> 1 & 3) switch
    {
        0 => "unmasked uncorrectable error",
        1 => "ERR_NONFATAL",
        2 => "ERR_FATAL",
        _ => (status >> 5 & 3) switch { 0 => "RP PIO error", SoftwareTrigger => "software trigger", _ => "reserved error" },
    };
}
