namespace Sim.Vfio.Virtualization;

/// <summary>Something that a guest noticed and that should not be.</summary>
/// <param name="Subject">Of what: a job, an item, the device's health.</param>
/// <param name="Promised">What the guest had been told, or could count on.</param>
/// <param name="Found">What it found instead.</param>
public sealed record GuestProblem(string Subject, string Promised, string Found)
{
    /// <summary>The place in a device's BAR0 at which something is missing: the device's index in the guest, and the offset.</summary>
    public (int Device, ulong Offset)? Place { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Subject}: {Promised}, but {Found}";
}
