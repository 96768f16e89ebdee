namespace Sim.Vfio.Kernel;

/// <summary>What Linux on x86 prints for the SERR NMI that a Root Port's system error raises on a platform that does nothing
/// better.</summary>
public static class SerrText
{
    /// <summary>The panic of a kernel with panic_on_unrecovered_nmi.</summary>
    public const string Panic = "Kernel panic - not syncing: NMI: Not continuing";

    /// <summary>The other ending: the kernel disables the line and goes on.</summary>
    public const string Continuing = "Dazed and confused, but trying to continue";

    /// <summary>The NMI's line.</summary>
    /// <param name="reason">System control port 61h; bit 7 is SERR.</param>
    /// <param name="cpu">The CPU that took it.</param>
    public static string Nmi(byte reason = 0xB1, int cpu = 0) => $"NMI: PCI system error (SERR) for reason {reason:x2} on CPU {cpu}.";
}
