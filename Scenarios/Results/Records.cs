using Sim.Core;

namespace Scenarios.Results;

/// <summary>One TLP on one link: a line of the trace.</summary>
/// <param name="Link">Transmitter and receiver: <c>rp0 -> sw0</c>.</param>
/// <param name="Summary">The TLP in words: <c>MWr 8 B to 0xe0000800 (nic.vf0 BAR0+0x800)</c>.</param>
/// <param name="Header">The header DWs as they are on the wire.</param>
public sealed record TlpRecord(SimTime Time, string Link, string Summary, IReadOnlyList<uint> Header);

/// <summary>How a load ended.</summary>
/// <param name="Outcome">Completion status or fault: Successful Completion, Unsupported Request, Completion Timeout, SIGBUS.</param>
/// <param name="DeviceStopped">Whether the Function was stopped as responder when the load was issued.</param>
public sealed record LoadSample(SimTime Issued, SimDuration Latency, string Actor, string Outcome, bool DeviceStopped);

/// <summary>A line of the kernel log.</summary>
public sealed record LogLine(SimTime Time, string Level, string Text);

/// <summary>A register field that decided something.</summary>
/// <param name="Effect">What followed from the value: <c>the Message is not sent</c>.</param>
public sealed record DecidingField(string Component, string Register, string Field, ulong Value, string Effect)
{
    /// <summary>Whose value it is, where a machine's dump gave it: <c>the dump's 00:02.0</c>.</summary>
    public string? From { get; init; }

    /// <summary>The Function does not have it: that decided.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>Section that defines the register: <c>§7.5.3.4</c>; null for one that is absent.</summary>
    public string? Section { get; init; }

    /// <summary>The value as it is shown: hexadecimal where it is more than a digit.</summary>
    public string ValueText => Value < 10 ? $"{Value}" : $"0x{Value:x}";

    /// <summary>Register and field, once where a register is all one field.</summary>
    public string Path => Register == Field ? Register : $"{Register}.{Field}";

    public override string ToString() => $"{Component}: {Path} = {ValueText}" + (Section is null ? "" : $" ({Section})")
        + (From is null ? "" : $", from {From}");
}

/// <summary>One error from its TLP to its last consequence.</summary>
public sealed record ErrorChain(string Title, IReadOnlyList<ChainStep> Steps)
{
    internal bool Contains(string text) => Steps.Any(s => s.Contains(text));
}

/// <summary>The way of one TLP that was sent, and of what it became and of its completions.</summary>
/// <param name="Title">The TLP and who sent it.</param>
/// <param name="Way">The ports that the request passed: <c>gpu > sw.a, sw.b > nic</c>, with a comma where it crossed a component.</param>
public sealed record RoutePath(string Title, string Way, IReadOnlyList<ChainStep> Steps)
{
    internal bool Contains(string text) => Title.Contains(text, StringComparison.Ordinal) || Way.Contains(text, StringComparison.Ordinal)
        || Steps.Any(s => s.Contains(text));
}

/// <summary>One decision or event on the way of an error or a TLP.</summary>
public sealed record ChainStep(SimTime Time, string Component, string What, IReadOnlyList<DecidingField> Fields)
{
    public ChainStep(SimTime time, string component, string what) : this(time, component, what, []) { }

    internal bool Contains(string text) => $"{Component}: {What}".Contains(text, StringComparison.Ordinal)
        || Fields.Any(f => f.ToString().Contains(text, StringComparison.Ordinal));
}

/// <summary>What a stretch or instant of a lane means; renderers give each its own colour and mark.</summary>
public enum LaneKind
{
    Running, Suspended, Stopped, Saving, Blocked, Load, Store, Dma, Tlp, Message, Error, Interrupt, Fault, Recovery, Sending, Downtime,
}

/// <summary>One row of the timeline.</summary>
public sealed record Lane(string Name, IReadOnlyList<LaneSpan> Spans, IReadOnlyList<LaneInstant> Instants);

/// <summary>Something that lasts.</summary>
public sealed record LaneSpan(SimTime From, SimTime To, LaneKind Kind, string Label);

/// <summary>Something that happens.</summary>
public sealed record LaneInstant(SimTime Time, LaneKind Kind, string Label);
