using Sim.Mlx5.Spec;
using static Sim.Mlx5.Spec.CommandStatus;

namespace Sim.Mlx5.Device;

/// <summary>Commands on QPs.</summary>
internal static class QpHandlers
{
    public static CommandStatus? Create(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        var context = call.Input.Slice(CreateCommands.QpContext, QpContext.Size);
        if (QpContext.ServiceType.Get(context) != QpContext.ReliableConnection) return BadParameter;
        if (!vhca.Pds.Contains(QpContext.Pd.Get(context)) || !vhca.Uars.Contains(QpContext.Uar.Get(context))) return BadResource;
        if (vhca.Cqs[QpContext.SendCq.Get(context)] is null) return BadResource;
        var bytes = Qp.SendQueueOffsetOf(context);
        if (!QpContext.NoSendQueue.IsSet(context)) bytes += (ulong)SendWqe.BasicBlock << (int)QpContext.LogSendSize.Get(context);
        if (ObjectHandlers.Ring(call, bytes, QpContext.LogPageSize.Get(context)) is not { } ring) return BadInputLength;
        if (vhca.Qps.NextNumber is not { } number) return NoResources;
        var qp = new Qp { Number = number, Ring = ring };
        context.CopyTo(qp.Context);
        qp.State = QpState.Reset;
        vhca.Qps.Put(number, qp);
        return ObjectHandlers.Created(call, number);
    }

    public static CommandStatus? Destroy(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        qp.State = QpState.Reset;
        return WhenIdle(call, qp, () => call.Function.Vhca.Qps.Remove(qp.Number));
    }

    public static CommandStatus? Query(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        var context = call.Output.Slice(CreateCommands.QpContext, QpContext.Size);
        qp.Context.CopyTo(context);
        QpContext.HardwareSendCounter.Set(context, qp.Consumed);
        QpContext.SoftwareSendCounter.Set(context, qp.Posted);
        return Ok;
    }

    public static CommandStatus? ResetToInit(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        if (qp.State != QpState.Reset) return BadQpState;
        var context = call.Input.Slice(CreateCommands.QpContext, QpContext.Size);
        QpContext.RemoteRead.Set(qp.Context, QpContext.RemoteRead.Get(context));
        QpContext.RemoteWrite.Set(qp.Context, QpContext.RemoteWrite.Get(context));
        qp.State = QpState.Init;
        return Ok;
    }

    public static CommandStatus? InitToReadyToReceive(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        if (qp.State != QpState.Init) return BadQpState;
        var context = call.Input.Slice(CreateCommands.QpContext, QpContext.Size);

        // Only loopback paths are modelled: both ends are QPs of this function.
        if (!QpContext.ForceLoopback.IsSet(context) || call.Function.Vhca.Qps[QpContext.RemoteQp.Get(context)] is null) return BadParameter;
        QpContext.RemoteQp.Set(qp.Context, QpContext.RemoteQp.Get(context));
        QpContext.ForceLoopback.Set(qp.Context, 1);
        qp.State = QpState.ReadyToReceive;
        return Ok;
    }

    public static CommandStatus? ReadyToReceiveToReadyToSend(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        if (qp.State != QpState.ReadyToReceive) return BadQpState;
        qp.State = QpState.ReadyToSend;
        call.Function.Vhca.Sends.Start(qp);
        return Ok;
    }

    public static CommandStatus? ToError(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        qp.State = QpState.Error;
        call.Function.Vhca.Sends.Start(qp);
        return Ok;
    }

    public static CommandStatus? ToReset(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        qp.State = QpState.Reset;
        return WhenIdle(call, qp, qp.ResetCounters);
    }

    private static Qp? Find(CommandCall call) => call.Function.Vhca.Qps[ObjectHandlers.Number(call)];

    /// <summary>A command that takes a QP away ends when the WQE in hand has.</summary>
    private static CommandStatus? WhenIdle(CommandCall call, Qp qp, Action action)
    {
        if (qp.Phase == SendPhase.Idle)
        {
            action();
            return Ok;
        }

        SendEngine.WhenIdle(qp, () =>
        {
            action();
            call.Finish(Ok);
        });
        return null;
    }

    private static CommandStatus? WhenIdle(CommandCall call, Qp qp, Func<bool> action) => WhenIdle(call, qp, () => { action(); });
}
