using Sim.Core;
using Sim.Mlx5.Spec;
using Sim.Pcie.Config;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// A function of an mlx5 adapter: BAR0 with initialization segment, MSI-X structures and UAR pages, and a virtual HCA behind it.
/// </summary>
public abstract class Mlx5Function : EndpointFunction
{
    private const int KindShift = 24;
    private const int NumberMask = (1 << KindShift) - 1;
    private const int QpKind = 1;
    private const int CommandKind = 2;
    private const int ReceiveKind = 3;
    private const int ResponderKind = 4;

    private protected Mlx5Function(Simulator sim, string name, EndpointConfig layout, Mlx5Options options, int vectors, int uarEnd)
        : base(sim, name, layout)
    {
        if (options.StoppedAccess.Store == StoppedStore.DoorbellRestarts)
            throw new ArgumentException($"{name}: an mlx5 function is resumed by RESUME_VHCA, not by a doorbell", nameof(options));
        Options = options;
        Vectors = vectors;
        MsixTable = new MsixTable(this, vectors);
        InitSegment = new InitSegmentRegisters(this, options);
        Commands = new CommandProcessor(this, options);
        Vhca = new Vhca(this, (uarEnd / BarLayout.UarPageSize) - BarLayout.FirstUar);
    }

    /// <summary>Costs and policies.</summary>
    public Mlx5Options Options { get; }

    /// <summary>Identifies the function's virtual HCA in its adapter: here its function number.</summary>
    public ushort VhcaId => (ushort)Number;

    /// <summary>What ails the firmware; shown in the health buffer.</summary>
    public HealthSyndrome Health => InitSegment.Syndrome;

    /// <summary>Every command, when its entry is given back.</summary>
    public Probe<CommandRecord> CommandsExecuted { get; } = new();

    /// <summary>Every work request, when its completion entry is written.</summary>
    public Probe<WorkRecord> WorkCompleted { get; } = new();

    /// <summary>
    /// For fault injection: given opcode and op_mod, the status that the command fails with, or <see cref="CommandStatus.Ok"/>.
    /// </summary>
    public Func<CommandOpcode, uint, CommandStatus>? CommandFault { get; set; }

    internal int Vectors { get; }

    internal MsixTable MsixTable { get; }

    internal InitSegmentRegisters InitSegment { get; }

    internal CommandProcessor Commands { get; }

    internal Vhca Vhca { get; }

    /// <summary>Device memory in the BAR; null where there is none.</summary>
    internal virtual DeviceMemory? Memory => null;

    /// <summary>Logs the function's DMA writes for its PF.</summary>
    internal PageTracker? Tracker { get; set; }

    /// <summary>The firmware takes commands of this function.</summary>
    internal virtual bool IsReady => true;

    /// <summary>Nothing new is begun.</summary>
    internal virtual bool InitiatorStopping => false;

    /// <summary>Nothing is issued.</summary>
    internal virtual bool InitiatorStopped => false;

    internal ulong InternalTimer => InitSegment.Timer;

    /// <summary>Breaks the firmware of this function: the health counter stands still and the syndrome shows.</summary>
    public void Fail(HealthSyndrome syndrome) => InitSegment.Fail(syndrome);

    /// <inheritdoc/>
    protected override void ReadBar(int bar, ulong offset, Span<byte> destination)
    {
        var at = (int)offset;
        if (at < BarLayout.InitSegmentSize) InitSegment.Read(at, destination);
        else if (at < BarLayout.MsixPending) ReadMsix(at - BarLayout.MsixTable, MsixTable.Size, destination, pending: false);
        else if (at < BarLayout.MsixEnd) ReadMsix(at - BarLayout.MsixPending, MsixTable.PbaSize, destination, pending: true);
        else if (Memory is { } memory && at >= BarLayout.DeviceMemory) memory.Read(at - BarLayout.DeviceMemory, destination);
        else destination.Clear();
    }

    /// <inheritdoc/>
    protected override void WriteBar(int bar, ulong offset, ReadOnlySpan<byte> data)
    {
        var at = (int)offset;
        if (at < BarLayout.InitSegmentSize)
        {
            InitSegment.Write(at, data);
        }
        else if (at < BarLayout.MsixPending)
        {
            if (at - BarLayout.MsixTable + data.Length <= MsixTable.Size) MsixTable.Write(at - BarLayout.MsixTable, data);
        }
        else if (Memory is { } memory && at >= BarLayout.DeviceMemory)
        {
            memory.Write(at - BarLayout.DeviceMemory, data);
        }
        else if (at >= BarLayout.MsixEnd)
        {
            Vhca.WriteUar((uint)at / BarLayout.UarPageSize, at % BarLayout.UarPageSize, data);
        }
    }

    /// <inheritdoc/>
    protected override void OnDmaRead(int context, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        var number = context & NumberMask;
        switch (context >> KindShift)
        {
            case QpKind: Vhca.Sends.OnRead((uint)number, data, status); break;
            case ReceiveKind: Vhca.Receives.OnRead((uint)number, data, status); break;
            case ResponderKind: Vhca.Receives.OnResponderRead((uint)number, data, status); break;
            default: Commands.OnRead(number, data, status); break;
        }
    }

    /// <inheritdoc/>
    protected override void OnReset(ResetKind kind)
    {
        Commands.Reset();
        Vhca.Reset();
        InitSegment.Reset();
        MsixTable.Reset();
        Memory?.Reset();
    }

    internal static int QpContext(uint number) => (QpKind << KindShift) | (int)number;

    internal static int ReceiveContext(uint number) => (ReceiveKind << KindShift) | (int)number;

    internal static int ResponderContext(uint number) => (ResponderKind << KindShift) | (int)number;

    internal static int CommandContext(int slot) => (CommandKind << KindShift) | slot;

    /// <summary>A DMA write to memory, which a page tracker sees; interrupts are none.</summary>
    internal bool WriteMemory(ulong address, ReadOnlySpan<byte> data)
    {
        if (!Dma.Write(address, data)) return false;
        Tracker?.Record(address, (ulong)data.Length);
        return true;
    }

    /// <summary>
    /// The QP at the other end of a connection: of this function, or of the function of the adapter that has the remote GID. It must be
    /// connected back.
    /// </summary>
    internal (Mlx5Function Function, Qp Qp)? ResponderOf(Qp qp)
    {
        if ((qp.IsLoopback ? this : FunctionOf(qp.RemoteGid)) is not { } function) return null;
        return function.Vhca.Qps[qp.RemoteQp] is { } peer && peer.RemoteQp == qp.Number && peer.IsLoopback == qp.IsLoopback
            && (qp.IsLoopback || Vhca.HasGid(peer.RemoteGid))
            ? (function, peer)
            : null;
    }

    /// <summary>A WQE or a command ended while the initiator is stopping.</summary>
    internal virtual void OnBoundary()
    {
    }

    internal CommandStatus InjectedStatus(CommandOpcode opcode, uint opMod) => CommandFault?.Invoke(opcode, opMod) ?? CommandStatus.Ok;

    internal void OnCommand(CommandCall call, DeliveryStatus delivery, CommandStatus status)
    {
        if (!CommandsExecuted.IsObserved) return;
        var known = delivery == DeliveryStatus.Ok;
        CommandsExecuted.Emit(Sim.Now, new CommandRecord(
            this, call.Slot, known ? call.Opcode : default, known ? call.OpMod : 0, delivery, status, call.Started));
    }

    internal void OnCompletion(Qp qp)
    {
        if (!WorkCompleted.IsObserved) return;
        var opcode = (WqeOpcode)SendWqe.Opcode.Get(qp.Wqe);
        WorkCompleted.Emit(Sim.Now, new WorkRecord(this, qp.Number, qp.Consumed, opcode, qp.MessageDone, qp.Syndrome));
    }

    private Mlx5Function? FunctionOf(ReadOnlySpan<byte> gid)
    {
        foreach (var function in Device.Functions)
        {
            if (function is Mlx5Function { IsPresent: true } candidate && candidate.Vhca.HasGid(gid)) return candidate;
        }

        return null;
    }

    private void ReadMsix(int at, int size, Span<byte> destination, bool pending)
    {
        destination.Clear();
        if (at + destination.Length > size) return;
        if (pending) MsixTable.ReadPba(at, destination);
        else MsixTable.Read(at, destination);
    }
}
