using Sim.Pcie.Spec;

namespace Sim.Pcie.Links;

/// <summary>
/// Receive buffer that a port advertises during flow-control initialisation (§2.6.1): header credits of one TLP each, data credits of 16
/// bytes. Zero means infinite, as in InitFC (§2.6.1.2).
/// </summary>
public sealed record FlowControlCredits(int PH, int PD, int NPH, int NPD, int CplH, int CplD)
{
    /// <summary>A port that sinks at line rate: infinite credits of every kind.</summary>
    public static FlowControlCredits Infinite { get; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>Buffers of a usual switch or root port: 64 headers and 8 KiB of data a kind.</summary>
    public static FlowControlCredits Typical { get; } = new(64, 512, 64, 64, 64, 512);

    /// <summary>Buffers of a usual endpoint: completions are infinite, because an endpoint must sink what it asked for (§2.6.1).</summary>
    public static FlowControlCredits Endpoint { get; } = new(64, 512, 64, 64, 0, 0);

    internal int Headers(FlowClass kind) => kind switch { FlowClass.Posted => PH, FlowClass.NonPosted => NPH, _ => CplH };

    internal int Data(FlowClass kind) => kind switch { FlowClass.Posted => PD, FlowClass.NonPosted => NPD, _ => CplD };
}
