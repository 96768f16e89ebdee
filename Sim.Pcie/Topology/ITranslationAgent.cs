using Sim.Core;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>What a request does at its address; an AtomicOp does both.</summary>
[Flags]
public enum MemoryAccess : byte
{
    /// <summary>It reads.</summary>
    Read = 1,

    /// <summary>It writes.</summary>
    Write = 2,

    /// <summary>AtomicOps (§6.15).</summary>
    ReadWrite = Read | Write,
}

/// <summary>One upstream request, as the translation agent sees it; it may not cross a 4 KiB boundary (§2.2.7).</summary>
/// <param name="Requester">Requester ID of the TLP.</param>
/// <param name="Address">Address of its first byte.</param>
/// <param name="Bytes">Number of bytes; 0 for a zero-length read.</param>
/// <param name="Access">What it does; a write to FEEx_xxxxh is an interrupt request.</param>
/// <param name="At">Address Type field (§10.2.1).</param>
/// <param name="Data">Data of an interrupt request; 0 of any other.</param>
public readonly record struct TranslationRequest(
    RoutingId Requester, ulong Address, int Bytes, MemoryAccess Access, AddressType At, uint Data);

/// <summary>How a translation stands.</summary>
public enum TranslationStatus : byte
{
    /// <summary>The answer comes later, to the <see cref="ITranslationClient"/>.</summary>
    Pending,

    /// <summary>The request may be performed at the translated address.</summary>
    Permitted,

    /// <summary>A fault, which the agent has recorded.</summary>
    Refused,
}

/// <summary>What the translation agent says of one upstream request.</summary>
/// <param name="Status">Permitted, refused, or not known yet.</param>
/// <param name="Address">The translated (host physical) address.</param>
/// <param name="Latency">What the look-up cost, where the answer is given at once; a read's data is ready so much later.</param>
/// <param name="Data">Data of an interrupt request after remapping.</param>
public readonly record struct Translation(TranslationStatus Status, ulong Address, SimDuration Latency, uint Data)
{
    /// <summary>The answer comes later.</summary>
    public static Translation Pending => default;

    /// <summary>Whether the request may be performed.</summary>
    public bool Permitted => Status == TranslationStatus.Permitted;

    /// <summary>A permitted access.</summary>
    public static Translation To(ulong address, SimDuration latency = default, uint data = 0) =>
        new(TranslationStatus.Permitted, address, latency, data);

    /// <summary>A refused access.</summary>
    public static Translation Refuse(SimDuration latency = default) => new(TranslationStatus.Refused, 0, latency, 0);
}

/// <summary>Who asked a translation agent and waits for the answer.</summary>
public interface ITranslationClient
{
    /// <summary>The answer to a request that was pending.</summary>
    /// <param name="slot">The number the request was made with.</param>
    /// <param name="translation">Permitted or refused, known now.</param>
    void OnTranslated(int slot, in Translation translation);
}

/// <summary>
/// The Translation Agent of the Root Complex (§10.1): translates the address of each request that comes up, by its Requester ID,
/// and records its own faults. Hits are answered at once; whatever has to walk tables is answered later, in any order.
/// </summary>
public interface ITranslationAgent
{
    /// <summary>Translates one request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="client">Gets the answer, if it is <see cref="TranslationStatus.Pending"/> here.</param>
    /// <param name="slot">Returned with that answer; free for another request if the answer is given here.</param>
    Translation Translate(in TranslationRequest request, ITranslationClient client, int slot);
}
