using Sim.Core;
using Sim.Pcie.Links;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Endpoints;

/// <summary>The line of TLPs that wait in the ingress buffer because a function holds the first of them.</summary>
public sealed partial class PcieDevice
{
    private readonly RingQueue<HeldTlp> _held = new();
    private bool _reconsidering;
    private bool _heldAgain;

    /// <summary>TLPs that wait in the ingress buffer because a function holds them.</summary>
    public int HeldTlps => _held.Count;

    /// <summary>Decides anew on what was held, in order: a function may take now what it could not before.</summary>
    public void Reconsider()
    {
        if (_reconsidering) return; // what a held TLP does may ask for it: those behind it have their turn anyway
        _reconsidering = true;
        while (_held.Count > 0)
        {
            var (tlp, from) = _held.Dequeue();
            _heldAgain = false;
            Dispatch(in tlp, from);
            if (!_heldAgain) continue;

            // Held once more, at the end: turn the ring until it heads the line again.
            for (var behind = _held.Count - 1; behind > 0; behind--) _held.Enqueue(_held.Dequeue());
            break;
        }

        _reconsidering = false;
    }

    /// <summary>A function is reset: memory and I/O requests that were held for it are discarded, their credits return, and nothing is
    /// reported (§6.6.2).</summary>
    internal void DiscardHeld(EndpointFunction function)
    {
        for (var n = _held.Count; n > 0; n--)
        {
            var (tlp, from) = _held.Dequeue();
            ref readonly var header = ref tlp.Header;
            var isAddressed = !header.IsCompletion && !header.IsConfiguration && !header.IsMessage;
            if (isAddressed && Find(header.FirstByteAddress, header.IsIo, out _) == function)
                Drop(in tlp, from);
            else _held.Enqueue(new HeldTlp(tlp, from));
        }
    }

    /// <summary>The link is down: nothing waits any more.</summary>
    private void DropHeld()
    {
        while (_held.Count > 0)
        {
            var (tlp, from) = _held.Dequeue();
            Drop(in tlp, from);
        }
    }

    private void Hold(in Tlp tlp, LinkDirection from) => _held.Enqueue(new HeldTlp(tlp, from));

    private readonly record struct HeldTlp(Tlp Tlp, LinkDirection From);
}
