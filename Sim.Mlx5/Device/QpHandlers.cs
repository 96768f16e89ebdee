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
        if (!QpContext.NoSendQueue.IsSet(context) && vhca.Cqs[QpContext.SendCq.Get(context)] is null) return BadResource;
        if (QpContext.LogReceiveStride.Get(context) + 4 > ReceiveWqe.MaxLogStride) return BadParameter;
        if (QpContext.ReceiveQueueType.Get(context) is var type and not QpContext.NoReceiveQueue
            && (type != QpContext.OwnReceiveQueue || vhca.Cqs[QpContext.ReceiveCq.Get(context)] is null)) return BadResource;
        var bytes = Qp.SendQueueOffsetOf(context);
        if (!QpContext.NoSendQueue.IsSet(context)) bytes += (ulong)SendWqe.BasicBlock << (int)QpContext.LogSendSize.Get(context);
        if (ObjectHandlers.Ring(call, bytes, QpContext.LogPageSize.Get(context)) is not { } ring) return BadInputLength;
        if (vhca.Qps.NextNumber is not { } number) return NoResources;
        var qp = new Qp { Number = number, Vhca = vhca, Ring = ring };
        context.CopyTo(qp.Context);
        qp.ClearRetries();
        qp.State = QpState.Reset;
        vhca.Qps.Put(number, qp);
        return ObjectHandlers.Created(call, number);
    }

    public static CommandStatus? Destroy(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        qp.State = QpState.Reset;
        return WhenIdle(call, qp, () =>
        {
            call.Function.Vhca.Qps.Remove(qp.Number);
            ReceiveEngine.Forget(qp);
        });
    }

    public static CommandStatus? Query(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        var context = call.Output.Slice(CreateCommands.QpContext, QpContext.Size);
        qp.Context.CopyTo(context);
        QpContext.HardwareSendCounter.Set(context, qp.Consumed);
        QpContext.SoftwareSendCounter.Set(context, qp.Posted);
        QpContext.HardwareReceiveCounter.Set(context, qp.Receive.Consumed);
        QpContext.SoftwareReceiveCounter.Set(context, qp.Receive.Posted);
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

        // There is no wire: the other end is a QP of this function, or by its GID of one of this adapter.
        var isLoopback = QpContext.ForceLoopback.IsSet(context);
        if (isLoopback ? call.Function.Vhca.Qps[QpContext.RemoteQp.Get(context)] is null : !QpContext.GlobalRoute.IsSet(context))
            return BadParameter;
        Copy(qp, context, QpContext.RemoteQp, QpContext.ForceLoopback, QpContext.GlobalRoute, QpContext.MinRnrNak);
        context.Slice(QpContext.RemoteGid, RoceAddress.GidSize).CopyTo(qp.Context.AsSpan(QpContext.RemoteGid));
        qp.State = QpState.ReadyToReceive;
        return Ok;
    }

    public static CommandStatus? ReadyToReceiveToReadyToSend(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        if (qp.State != QpState.ReadyToReceive) return BadQpState;
        var context = call.Input.Slice(CreateCommands.QpContext, QpContext.Size);
        Copy(qp, context, QpContext.AckTimeout, QpContext.RetryCount, QpContext.RnrRetry);
        qp.State = QpState.ReadyToSend;
        call.Function.Vhca.Sends.Start(qp);
        return Ok;
    }

    public static CommandStatus? ToError(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        call.Function.Vhca.Fail(qp);
        return Ok;
    }

    public static CommandStatus? ToReset(CommandCall call)
    {
        if (Find(call) is not { } qp) return BadResource;
        qp.State = QpState.Reset;
        return WhenIdle(call, qp, () =>
        {
            ReceiveEngine.Forget(qp);
            qp.ResetCounters();
        });
    }

    private static Qp? Find(CommandCall call) => call.Function.Vhca.Qps[ObjectHandlers.Number(call)];

    private static void Copy(Qp qp, ReadOnlySpan<byte> context, params ReadOnlySpan<BitField> fields)
    {
        foreach (var field in fields) field.Set(qp.Context, field.Get(context));
    }

    /// <summary>A command that takes a QP away ends when the WQE in hand has.</summary>
    private static CommandStatus? WhenIdle(CommandCall call, Qp qp, Action action)
    {
        var sends = call.Function.Vhca.Sends;
        sends.GiveBack(qp);
        if (qp.Phase == SendPhase.Idle)
        {
            action();
            return Ok;
        }

        qp.AtBoundary += () =>
        {
            action();
            call.Finish(Ok);
        };
        return null;
    }
}
