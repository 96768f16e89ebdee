using Sim.Vfio.Virtualization;

namespace Sim.Mlx5.Driver;

/// <summary>What a guest found out about its VF by using it.</summary>
/// <param name="Posted">Jobs posted.</param>
/// <param name="Completed">Jobs whose completion was seen and whose result was right.</param>
/// <param name="Wrong">Completions that were out of order or failed, or whose result was wrong.</param>
/// <param name="Repeated">Jobs done again after the guest had taken their result.</param>
/// <param name="LostInterrupts">Times the guest found completions of which no interrupt told.</param>
/// <param name="Stalls">Times the device did not do work that was due.</param>
/// <param name="AsyncErrors">Error events of the asynchronous EQ.</param>
/// <param name="IsHealthCompromised">The health counter stood still at three looks one after the other.</param>
/// <param name="IsPciDead">The firmware version read all ones: PCI is not working.</param>
/// <param name="SetUpFailure">Why the device could not be brought up; null if it was, or is being.</param>
public sealed record Mlx5GuestReport(
    int Posted, int Completed, int Wrong, int Repeated, int LostInterrupts, int Stalls, int AsyncErrors, bool IsHealthCompromised,
    bool IsPciDead, string? SetUpFailure)
{
    /// <summary>Whether everything posted so far was done once and rightly, or is still on its way.</summary>
    public bool IsClean =>
        Wrong + Repeated + LostInterrupts + Stalls + AsyncErrors == 0 && !IsHealthCompromised && !IsPciDead && SetUpFailure is null;

    /// <summary>What went wrong.</summary>
    public IEnumerable<GuestProblem> Problems()
    {
        if (Wrong > 0) yield return new("jobs", "each completed rightly", $"{Wrong} completed wrongly");
        if (Repeated > 0) yield return new("jobs", "each done once", $"{Repeated} done twice");
        if (LostInterrupts > 0) yield return new("interrupts", "one for each completion", $"{LostInterrupts} lost");
        if (Stalls > 0) yield return new("device", "at work", $"stalled {Stalls} times");
        if (AsyncErrors > 0) yield return new("device", "without error", $"reported {AsyncErrors} errors");
        if (IsHealthCompromised) yield return new("device's health", "good", "compromised - reached miss count");
        if (IsPciDead) yield return new("PCI", "working", "not working");
        if (SetUpFailure is not null) yield return new("set-up of the device", "possible", SetUpFailure);
    }
}
