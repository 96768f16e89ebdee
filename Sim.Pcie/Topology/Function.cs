using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Topology;

/// <summary>A Function: configuration space, identity, and the one place where its errors are reported.</summary>
public abstract class Function
{
    private const int Command = 0x04;
    private const int IoSpaceEnableBit = 0;
    private const int MemorySpaceEnableBit = 1;
    private const int BusMasterEnableBit = 2;

    /// <summary>Makes a function.</summary>
    /// <param name="sim">Simulator.</param>
    /// <param name="name">Component path, unique in the topology.</param>
    /// <param name="config">Its configuration space, already laid out.</param>
    /// <param name="express">Its PCI Express capability.</param>
    protected Function(Simulator sim, string name, ConfigSpace config, PciExpressCapability express)
    {
        Sim = sim;
        Name = name;
        Config = config;
        Express = express;
    }

    /// <summary>The simulator.</summary>
    public Simulator Sim { get; }

    /// <summary>Component path.</summary>
    public string Name { get; }

    /// <summary>Configuration space.</summary>
    public ConfigSpace Config { get; }

    /// <summary>PCI Express capability.</summary>
    public PciExpressCapability Express { get; }

    /// <summary>Routing ID: bus number as captured from configuration writes (§2.2.6.2).</summary>
    public RoutingId Id { get; internal set; }

    /// <summary>Bits of DW0 that this function sets in every TLP it originates: TD, while it generates ECRCs (§7.8.4.7).</summary>
    internal uint OriginBits { get; private protected set; }

    /// <summary>The error path of this function.</summary>
    public abstract ErrorReporter Errors { get; }

    /// <summary>Command.Memory Space Enable (§7.5.1.1.3); for a VF its PF's VF MSE (§9.3.3.3.4).</summary>
    public virtual bool MemorySpaceEnable => Config.Bit(Command, MemorySpaceEnableBit);

    /// <summary>Command.I/O Space Enable (§7.5.1.1.3).</summary>
    public bool IoSpaceEnable => Config.Bit(Command, IoSpaceEnableBit);

    /// <summary>Command.Bus Master Enable (§7.5.1.1.3).</summary>
    public bool BusMasterEnable => Config.Bit(Command, BusMasterEnableBit);

    /// <summary>Until when the function answers configuration requests with RRS after a reset (§2.3.1).</summary>
    public SimTime ReadyAt { get; protected set; }

    /// <summary>Resets the function (§6.6); sticky registers survive all but <see cref="ResetKind.Fundamental"/>.</summary>
    public virtual void Reset(ResetKind kind) => Config.Reset(kind);

    /// <summary>Name and Routing ID.</summary>
    public override string ToString() => $"{Name} ({Id})";
}
