using System.Text;
using Sim.Core;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Links;

/// <summary>
/// A bus observer on every queue of a fabric: it sees each TLP handed to a link and each TLP that arrives, and says what was lost, made up,
/// doubled or reordered against Table 2-42; and, when a simulation ran dry, which TLPs still wait and for whom. It changes nothing.
/// </summary>
public sealed class FabricObserver : IDisposable
{
    private const int MostViolations = 20;

    private readonly Simulator _sim;
    private readonly Dictionary<LinkDirection, List<Waiting>> _waiting = [];
    private readonly List<IDisposable> _subscriptions = [];
    private readonly List<string> _violations = [];

    /// <summary>Observes links from now on; what is on them already is not judged.</summary>
    public FabricObserver(Simulator sim, IEnumerable<Link> links)
    {
        _sim = sim;
        foreach (var link in links)
        {
            foreach (var direction in (LinkDirection[])[link.Downstream, link.Upstream])
            {
                _waiting.Add(direction, []);
                _subscriptions.Add(direction.Accepted.Subscribe(OnAccepted));
                _subscriptions.Add(direction.Arrived.Subscribe(OnArrived));
            }

            _subscriptions.Add(link.StateChanged.Subscribe((SimTime _, in bool up) =>
            {
                if (up) return;
                _waiting[link.Downstream].Clear();
                _waiting[link.Upstream].Clear();
            }));
        }
    }

    /// <summary>What broke a rule, in order; at most twenty are kept.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>TLPs that arrived.</summary>
    public long Arrived { get; private set; }

    /// <summary>TLPs that passed an older one, as Table 2-42 allows.</summary>
    public long Overtakings { get; private set; }

    /// <summary>TLPs handed over that have not arrived.</summary>
    public int Waits => _waiting.Values.Sum(w => w.Count);

    /// <summary>
    /// For a simulation that ran dry: who waits for what, a line for each direction in which TLPs are left, and the circle if they wait for
    /// each other. Null if nothing waits.
    /// </summary>
    public string? ExplainDeadlock()
    {
        if (Waits == 0) return null;
        var text = new StringBuilder();
        foreach (var (direction, waiting) in _waiting)
        {
            if (waiting.Count == 0) continue;
            text.Append($"{NameOf(direction)}: {waiting.Count} TLPs wait, the oldest since {waiting[0].Since}: {waiting[0].Tlp}");
            var kinds = waiting.GroupBy(w => w.Tlp.Header.FlowClass).Select(g => $"{g.Count()} {g.Key}");
            text.Append($" ({string.Join(", ", kinds)})");
            foreach (var holder in HoldersOf(direction))
                text.Append($"; {direction.To.Name} still holds {holder.Count} that wait for {NameOf(holder.At)}");
            text.Append('\n');
        }

        if (Circle() is { } circle) text.Append($"in a circle: {string.Join(" waits for ", circle.Select(NameOf))}\n");
        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _subscriptions.ForEach(s => s.Dispose());

    private static string NameOf(LinkDirection direction) => $"{direction.From.Name} -> {direction.To.Name}";

    private void OnAccepted(SimTime time, in TlpAccepted accepted)
    {
        if (accepted.Direction.Link.IsUp)
            _waiting[accepted.Direction].Add(new Waiting(accepted.Tlp, time, accepted.Holder));
    }

    private void OnArrived(SimTime time, in TlpHop hop)
    {
        Arrived++;
        var waiting = _waiting[hop.Direction];
        var arrived = hop.Tlp;
        var at = waiting.FindIndex(w => w.Tlp.Header == arrived.Header && ReferenceEquals(w.Tlp.Body, arrived.Body));
        if (at < 0)
        {
            Violate(time, $"{NameOf(hop.Direction)}: {arrived} arrived and was never sent, or twice");
            return;
        }

        for (var i = 0; i < at; i++)
        {
            Overtakings++;
            if (OrderingTable.Forbids(in arrived.Header, waiting[i].Tlp.Header) is { } rule)
                Violate(time, $"{NameOf(hop.Direction)}: {arrived} passed {waiting[i].Tlp}, against Table 2-42 {rule}");
        }

        waiting.RemoveAt(at);
    }

    private void Violate(SimTime time, string what)
    {
        if (_violations.Count < MostViolations) _violations.Add($"{time} {what}");
    }

    /// <summary>Where the TLPs wait that came in by a direction and occupy its receiver's buffer.</summary>
    private IEnumerable<(LinkDirection At, int Count)> HoldersOf(LinkDirection direction) => _waiting
        .Select(w => (At: w.Key, Count: w.Value.Count(t => t.Holder == direction))).Where(h => h.Count > 0);

    private List<LinkDirection>? Circle()
    {
        foreach (var start in _waiting.Where(w => w.Value.Count > 0).Select(w => w.Key))
        {
            List<LinkDirection> path = [start];
            if (Closes(path)) return [.. path, start];
        }

        return null;
    }

    private bool Closes(List<LinkDirection> path)
    {
        foreach (var (next, _) in HoldersOf(path[^1]))
        {
            if (next == path[0]) return true;
            if (path.Contains(next)) continue;
            path.Add(next);
            if (Closes(path)) return true;
            path.RemoveAt(path.Count - 1);
        }

        return false;
    }

    private readonly record struct Waiting(Tlp Tlp, SimTime Since, LinkDirection? Holder);
}
