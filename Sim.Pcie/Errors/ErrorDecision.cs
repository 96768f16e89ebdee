using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Errors;

/// <summary>What came of one reported error, and every step that led there.</summary>
public sealed class ErrorDecision
{
    private readonly ErrorTrace _trace;
    private readonly List<ErrorStep> _steps = [];

    internal ErrorDecision(ErrorTrace trace, string component, RoutingId id, PcieError error, TlpHeader? tlp)
    {
        (_trace, Component, Id, Error, Tlp) = (trace, component, id, error, tlp);
        Chain = trace.BeginChain();
    }

    /// <summary>Number of the causal chain.</summary>
    public long Chain { get; }

    /// <summary>The detecting Function.</summary>
    public string Component { get; }

    /// <summary>Its Routing ID.</summary>
    public RoutingId Id { get; }

    /// <summary>The error.</summary>
    public PcieError Error { get; }

    /// <summary>The TLP in error, if there was one.</summary>
    public TlpHeader? Tlp { get; }

    /// <summary>Severity it was given.</summary>
    public ErrorSeverity Severity { get; internal set; }

    /// <summary>Handled as an Advisory Non-Fatal Error.</summary>
    public bool IsAdvisory { get; internal set; }

    /// <summary>A mask bit ended it.</summary>
    public bool IsMasked { get; internal set; }

    /// <summary>It triggered DPC instead of a Message.</summary>
    public bool IsContained { get; internal set; }

    /// <summary>The Message sent, or null.</summary>
    public ErrorMessage? Message { get; internal set; }

    /// <summary>Every step, in order.</summary>
    public IReadOnlyList<ErrorStep> Steps => _steps;

    /// <summary>The chain, a line per step.</summary>
    public override string ToString() => string.Join('\n', _steps);

    internal void Add(ErrorStepKind kind, string text, params RegisterBit[] bits) =>
        Add(new ErrorStep(Chain, kind, Component, Id, text) { Bits = bits, Error = Error, Tlp = Tlp, Message = Message });

    /// <summary>Status or log registers were set.</summary>
    internal void AddLogged(string text, params RegisterBit[] written) => Add(
        new ErrorStep(Chain, ErrorStepKind.Logged, Component, Id, text) { Written = written, Error = Error, Tlp = Tlp, Message = Message });

    private void Add(ErrorStep step)
    {
        _steps.Add(step);
        _trace.Show(step);
    }
}
