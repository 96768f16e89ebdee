using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Errors;

/// <summary>What kind of thing an <see cref="ErrorStep"/> tells.</summary>
public enum ErrorStepKind
{
    /// <summary>A Function detected an error.</summary>
    Detected,

    /// <summary>Registers decided severity, advisory handling, mask or enables.</summary>
    Decided,

    /// <summary>Status or log registers were set.</summary>
    Logged,

    /// <summary>A Message was sent.</summary>
    MessageSent,

    /// <summary>No Message was sent, and the bits say why.</summary>
    NoMessage,

    /// <summary>A bridge passed a Message on.</summary>
    Forwarded,

    /// <summary>A bridge or Root Port did not pass a Message on.</summary>
    Stopped,

    /// <summary>A Root Port or RCEC logged a Message in its root registers.</summary>
    RootLogged,

    /// <summary>An interrupt was signaled.</summary>
    Interrupt,

    /// <summary>An interrupt was not signaled, and the bits say why.</summary>
    NoInterrupt,

    /// <summary>A System Error was raised.</summary>
    SystemError,

    /// <summary>Downstream Port Containment was triggered.</summary>
    Contained,

    /// <summary>The port left DPC.</summary>
    Released,
}

/// <summary>One link of the causal chain of an error.</summary>
/// <param name="Chain">Which chain: the number of the detection that began it, 0 if it is not known.</param>
/// <param name="Kind">What it tells.</param>
/// <param name="Component">Name of the Function that acted.</param>
/// <param name="Id">Its Routing ID.</param>
/// <param name="Text">What it did, in words.</param>
public sealed record ErrorStep(long Chain, ErrorStepKind Kind, string Component, RoutingId Id, string Text)
{
    /// <summary>The register fields that decided, with their values at that moment.</summary>
    public IReadOnlyList<RegisterBit> Bits { get; init; } = [];

    /// <summary>The register fields that were set, with their values afterwards.</summary>
    public IReadOnlyList<RegisterBit> Written { get; init; } = [];

    /// <summary>The error, where one was detected.</summary>
    public PcieError? Error { get; init; }

    /// <summary>The TLP in error.</summary>
    public TlpHeader? Tlp { get; init; }

    /// <summary>The Message meant.</summary>
    public ErrorMessage? Message { get; init; }

    /// <summary>"VF 01:00.2: no Message, because Device Control.Unsupported Request Reporting Enable=0 (§7.5.3.4), ...".</summary>
    public override string ToString()
    {
        var bits = Bits.Select(bit => bit.Function == Component ? bit.ToString() : $"{bit.Function} {bit}");
        var because = Bits.Count == 0 ? "" : ": " + string.Join(", ", bits);
        return $"{Component} {Id} {Text}{because}";
    }
}
