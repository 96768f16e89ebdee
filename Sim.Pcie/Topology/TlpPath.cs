using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>One step of a TLP's way: it arrived at a port, or the port decided something about it.</summary>
/// <param name="Time">When.</param>
/// <param name="At">The port.</param>
/// <param name="Header">The TLP as it was then.</param>
/// <param name="Text">What was decided; null for an arrival.</param>
/// <param name="Towards">The port that the decision names, if any.</param>
/// <param name="Bits">The register fields that decided.</param>
public sealed record PathStep(SimTime Time, Port At, TlpHeader Header, string? Text, Port? Towards, IReadOnlyList<RegisterBit> Bits);

/// <summary>
/// The way of one request and of its completions, hop by hop, with each decision: what it becomes when a Root Complex takes it over or the
/// translation agent gives it another address is followed, too. A request is known by its Requester ID, tag and kind, so no other with
/// these may be under way at the same time.
/// </summary>
public sealed class TlpPath : IDisposable
{
    private readonly List<IDisposable> _subscriptions = [];
    private readonly List<TlpHeader> _identities = [];
    private readonly List<PathStep> _steps = [];

    /// <summary>Follows a request from now on.</summary>
    /// <param name="links">Every link that it may cross.</param>
    /// <param name="from">The port that is about to transmit it.</param>
    /// <param name="request">Its header.</param>
    public TlpPath(IEnumerable<Link> links, Port from, in TlpHeader request)
    {
        From = from;
        _identities.Add(request);
        foreach (var link in links)
        {
            _subscriptions.Add(link.Downstream.Arrived.Subscribe(OnHop));
            _subscriptions.Add(link.Upstream.Arrived.Subscribe(OnHop));
        }

        _subscriptions.Add(RouteTrace.Of(from.Sim).Decisions.Subscribe(OnDecision));
    }

    /// <summary>The port that transmitted it.</summary>
    public Port From { get; }

    /// <summary>The request as it began.</summary>
    public TlpHeader Request => _identities[0];

    /// <summary>What happened to it so far, in order.</summary>
    public IReadOnlyList<PathStep> Steps => _steps;

    /// <summary>The ports that the request passed, in order: "dev0 > sw0.p0, sw0.p1 > dev1" with a comma inside a switch or Root
    /// Complex.</summary>
    /// <param name="name">How a port is called.</param>
    public string Way(Func<Port, string> name) => string.Join(", ", _steps
        .Where(s => s is { Text: null, Header.IsCompletion: false })
        .Select(s => $"{name(s.At.Link!.Upper == s.At ? s.At.Link.Lower : s.At.Link.Upper)} > {name(s.At)}"));

    /// <summary>Follows it no longer.</summary>
    public void Dispose()
    {
        foreach (var subscription in _subscriptions) subscription.Dispose();
        _subscriptions.Clear();
    }

    private void OnHop(SimTime time, in TlpHop hop)
    {
        var header = hop.Tlp.Header;
        if (Concerns(in header)) _steps.Add(new PathStep(time, hop.Direction.To, header, null, null, []));
    }

    private void OnDecision(SimTime time, in RouteDecision decision)
    {
        var header = decision.Header;
        if (!Concerns(in header)) return;
        _steps.Add(new PathStep(time, decision.At, decision.Header, decision.Text, decision.Towards, decision.Bits));
        if (decision.Becomes is { } next && !Concerns(in next)) _identities.Add(next);
    }

    private bool Concerns(in TlpHeader header)
    {
        foreach (var known in _identities)
        {
            if (known.RequesterId != header.RequesterId || known.Tag != header.Tag) continue;
            if (header.IsCompletion ? known.FlowClass == FlowClass.NonPosted : known.Type == header.Type && IsSame(in known, in header))
                return true;
        }

        return false;
    }

    // The tag of a posted request means nothing (§2.2.6.2): the address tells two writes apart.
    private static bool IsSame(in TlpHeader known, in TlpHeader header) =>
        known.FlowClass == FlowClass.NonPosted || known.IsMessage || known.Address == header.Address;
}
