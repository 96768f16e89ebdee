using Sim.Vfio.Virtualization;

namespace Sim.Vfio.Guests;

/// <summary>What a guest found out about its device by using it.</summary>
/// <param name="Posted">Jobs posted.</param>
/// <param name="Completed">Jobs whose completion was seen and whose result was right.</param>
/// <param name="Wrong">Completions that were out of order or failed, or whose result was wrong.</param>
/// <param name="Repeated">Jobs done again after the guest had taken their result.</param>
/// <param name="LostInterrupts">Times the guest found completions of which no interrupt told.</param>
/// <param name="Stalls">Times the device did not do work that was due.</param>
/// <param name="HealthMisses">Looks at which the health counter had not moved though work was done or due.</param>
/// <param name="IsPciDead">A register read all ones: PCI is not working.</param>
public sealed record DmaQueueReport(
    int Posted, int Completed, int Wrong, int Repeated, int LostInterrupts, int Stalls, int HealthMisses, bool IsPciDead)
{
    /// <summary>Whether everything posted so far was done once and rightly, or is still on its way.</summary>
    public bool IsClean => Wrong + Repeated + LostInterrupts + Stalls == 0 && !IsPciDead;

    /// <summary>What went wrong.</summary>
    public IEnumerable<GuestProblem> Problems()
    {
        if (Wrong > 0) yield return new("jobs", "each completed rightly", $"{Wrong} completed wrongly");
        if (Repeated > 0) yield return new("jobs", "each done once", $"{Repeated} done twice");
        if (LostInterrupts > 0) yield return new("interrupts", "one for each completion", $"{LostInterrupts} lost");
        if (Stalls > 0) yield return new("device", "at work", $"stalled {Stalls} times");
        if (HealthMisses >= 3) yield return new("device's health", "good", "compromised");
        if (IsPciDead) yield return new("PCI", "working", "not working");
    }
}
