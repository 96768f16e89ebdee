using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>Address and data that a function writes to raise a message-signalled interrupt (§6.1.4).</summary>
public readonly record struct MsiTarget(ulong Address, uint Data);

/// <summary>An interrupt that arrived.</summary>
/// <param name="Requester">Requester ID of the memory write; the root port's own ID for its own interrupts.</param>
/// <param name="Data">Data of the write: the vector in bits 7:0, as x86 has it.</param>
/// <param name="Name">Who allocated the vector; null if nobody did (a spurious interrupt).</param>
public readonly record struct InterruptArrival(RoutingId Requester, uint Data, string? Name);

/// <summary>An INTx line of the platform changed its level.</summary>
/// <param name="Line">0 to 3.</param>
/// <param name="Asserted">The new level.</param>
public readonly record struct LineChange(int Line, bool Asserted);

/// <summary>
/// Receives memory writes to FEEx_xxxxh and calls the host software that allocated the vector.
/// </summary>
public sealed class InterruptController
{
    /// <summary>First address of the interrupt range.</summary>
    public const ulong RangeBase = 0xFEE0_0000;

    private const uint FirstVector = 0x20;

    private readonly Simulator _sim;
    private readonly List<(string Name, Action Handler)> _vectors = [];
    private readonly int[] _wires = new int[4];
    private readonly Action?[] _lineHandlers = new Action?[4];

    internal InterruptController(Simulator sim) => _sim = sim;

    /// <summary>Every interrupt, at its arrival.</summary>
    public Probe<InterruptArrival> Arrived { get; } = new();

    /// <summary>Whether a write of this address is an interrupt request.</summary>
    public static bool IsInterrupt(ulong address) => (address & ~0xF_FFFFUL) == RangeBase;

    /// <summary>Reserves a vector.</summary>
    /// <param name="name">Shown in traces.</param>
    /// <param name="handler">Called in simulated time, once per interrupt.</param>
    public MsiTarget Allocate(string name, Action handler)
    {
        _vectors.Add((name, handler));
        return new MsiTarget(RangeBase, FirstVector + (uint)_vectors.Count - 1);
    }

    /// <summary>The INTx lines of the platform: each is asserted while any wire that ends in it is.</summary>
    /// <param name="line">0 to 3.</param>
    public bool IsLineAsserted(int line) => _wires[line] > 0;

    /// <summary>Level changes of the INTx lines.</summary>
    public Probe<LineChange> LineChanged { get; } = new();

    /// <summary>Has a handler called whenever an INTx line becomes asserted.</summary>
    public void HandleLine(int line, Action handler) => _lineHandlers[line] += handler;

    internal void DriveLine(int line, bool asserted)
    {
        var before = _wires[line];
        _wires[line] += asserted ? 1 : -1;
        if (before > 0 == _wires[line] > 0) return;
        if (LineChanged.IsObserved) LineChanged.Emit(_sim.Now, new LineChange(line, asserted));
        if (asserted) _lineHandlers[line]?.Invoke();
    }

    /// <summary>Delivers an interrupt.</summary>
    public void Deliver(RoutingId requester, uint data)
    {
        var i = (int)data - (int)FirstVector;
        var known = i >= 0 && i < _vectors.Count;
        if (Arrived.IsObserved) Arrived.Emit(_sim.Now, new InterruptArrival(requester, data, known ? _vectors[i].Name : null));
        if (known) _vectors[i].Handler();
    }
}
