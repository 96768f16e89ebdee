using Sim.Core;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Links;

/// <summary>A TLP that was handed over for transmission and has not left yet.</summary>
internal struct WaitingTlp
{
    public Tlp Tlp;

    /// <summary>Its first symbol may not leave before.</summary>
    public SimTime Ready;

    /// <summary>Its place in the order of handing over.</summary>
    public ulong Order;

    /// <summary>Data credits that it takes.</summary>
    public int DataCredits;

    /// <summary>Bytes that it occupies on the wire.</summary>
    public int WireBytes;

    /// <summary>The direction it came in by, whose receive buffer it occupies until it has left; null if it originates here.</summary>
    public LinkDirection? Holder;
}
