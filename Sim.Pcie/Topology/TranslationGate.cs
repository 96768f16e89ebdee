using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Topology;

/// <summary>
/// Where the upstream TLPs of one Root Port wait for the translation agent. Every request asks on arrival, so that as many walks run as the
/// agent has walkers, and a request that hits passes one that walks. Posted requests are performed in the order of their arrival, and
/// nothing passes a posted request but a completion with Relaxed Ordering (§2.4.1). What waits keeps its ingress credits. Nothing is
/// allocated once there are as many slots as ever wait.
/// </summary>
internal sealed class TranslationGate(RootComplex root, RootPort port) : ITranslationClient
{
    private const int None = -1;

    private Slot[] _slots = [];
    private int _free = None;
    private int _oldest = None;
    private int _youngest = None;
    private int _postedWaiting;
    private ulong _postedArrived;
    private ulong _postedPerformed;

    /// <summary>TLPs that wait.</summary>
    public int Waiting { get; private set; }

    /// <summary>A request from below.</summary>
    public void Receive(ITranslationAgent agent, in Tlp tlp, LinkDirection from)
    {
        ref readonly var header = ref tlp.Header;
        var address = header.FirstByteAddress;
        var data = InterruptController.IsInterrupt(address) && tlp.Body is { } body ? body.Dword : 0;
        var request = new TranslationRequest(
            header.RequesterId, address, header.EnabledBytes, AccessOf(header.Type), header.At, data);
        var slot = FreeSlot();
        var translation = agent.Translate(in request, this, slot);
        if (translation.Status != TranslationStatus.Pending && _postedWaiting == 0) root.Perform(port, in tlp, from, in translation);
        else Hold(slot, in tlp, from, in translation);
    }

    /// <summary>Whether a completion from below has to wait for a posted request that came before it; if so, it now does.</summary>
    public bool HoldsCompletion(in Tlp tlp, LinkDirection from)
    {
        if (_postedWaiting == 0 || (tlp.Header.Attributes & TlpAttributes.RelaxedOrdering) != 0) return false;
        Hold(FreeSlot(), in tlp, from, Translation.To(0));
        return true;
    }

    /// <inheritdoc/>
    void ITranslationClient.OnTranslated(int slot, in Translation translation)
    {
        ref var held = ref _slots[slot];
        held.Translation = translation;
        if (held.PostedBefore > _postedPerformed) return;
        if (held.IsPosted) PerformAllReady();
        else Perform(slot);
    }

    private static MemoryAccess AccessOf(TlpType type) => type switch
    {
        TlpType.MRd => MemoryAccess.Read,
        TlpType.MWr => MemoryAccess.Write,
        _ => MemoryAccess.ReadWrite,
    };

    /// <summary>Performs, in order of arrival, what has its translation, up to the first posted request that has not.</summary>
    private void PerformAllReady()
    {
        for (var slot = _oldest; slot != None;)
        {
            ref var held = ref _slots[slot];
            var next = held.Next;
            if (held.Translation.Status != TranslationStatus.Pending) Perform(slot);
            else if (held.IsPosted) return;
            slot = next;
        }
    }

    private void Perform(int slot)
    {
        var held = _slots[slot];
        Unlink(slot);
        if (held.IsPosted)
        {
            _postedPerformed++;
            _postedWaiting--;
        }

        if (held.Tlp.Header.IsCompletion) root.PassCompletion(port, in held.Tlp, held.From);
        else root.Perform(port, in held.Tlp, held.From, in held.Translation);
    }

    private void Hold(int slot, in Tlp tlp, LinkDirection from, in Translation translation)
    {
        ref var held = ref _slots[slot];
        _free = held.Next;
        held.Tlp = tlp;
        held.From = from;
        held.Translation = translation;
        held.IsPosted = tlp.Header.FlowClass == FlowClass.Posted;
        held.PostedBefore = _postedArrived;
        if (held.IsPosted)
        {
            _postedArrived++;
            _postedWaiting++;
        }

        held.Previous = _youngest;
        held.Next = None;
        if (_youngest == None) _oldest = slot;
        else _slots[_youngest].Next = slot;
        _youngest = slot;
        Waiting++;
    }

    private void Unlink(int slot)
    {
        ref var held = ref _slots[slot];
        if (held.Previous == None) _oldest = held.Next;
        else _slots[held.Previous].Next = held.Next;
        if (held.Next == None) _youngest = held.Previous;
        else _slots[held.Next].Previous = held.Previous;
        held.Tlp = default;
        held.Next = _free;
        _free = slot;
        Waiting--;
    }

    private int FreeSlot()
    {
        if (_free != None) return _free;
        var first = _slots.Length;
        Array.Resize(ref _slots, Math.Max(16, 2 * first));
        for (var i = first; i < _slots.Length; i++) _slots[i].Next = i + 1 < _slots.Length ? i + 1 : None;
        return _free = first;
    }

    private struct Slot
    {
        public Tlp Tlp;
        public LinkDirection From;
        public Translation Translation;
        public bool IsPosted;
        public ulong PostedBefore;
        public int Previous;
        public int Next;
    }
}
