using NUnit.Framework;
using Sim.Core;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Endpoints;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Topology;

/// <summary>A random tree of switches and devices with random traffic, and what must hold of it.</summary>
internal sealed class RandomFabric
{
    private const int Rounds = 60;

    private readonly Simulator _sim;
    private readonly RandomStream _random;
    private readonly RootComplex _root;
    private readonly List<Link> _links = [];
    private readonly List<ScratchFunction> _devices = [];
    private readonly List<(ScratchFunction Device, ulong Bar)> _targets = [];
    private readonly List<BridgeFunction> _ports = [];
    private readonly HashSet<ScratchFunction> _wereReset = [];
    private readonly Dictionary<ScratchFunction, int> _asked = [];
    private readonly bool _isolates;
    private readonly List<string> _errors = [];
    private int _loads;
    private int _loaded;

    public RandomFabric(ulong seed)
    {
        _sim = new Simulator(seed);
        _random = _sim.GetRandomStream("fabric");
        _isolates = Below(2) == 0;
        _sim.Shared(static sim => new ErrorTrace(sim)).Steps.Subscribe((SimTime _, in ErrorStep step) =>
        {
            if (step.Kind == ErrorStepKind.Detected) _errors.Add(step.ToString());
        });
        _root = new RootComplex(_sim, new RootComplexOptions { PeerToPeer = (RootPeerToPeer)(2 * Below(2)) });
        for (var i = 1 + Below(3); i > 0; i--)
        {
            var port = _root.AddRootPort($"rp{i}", new RootPortOptions { Credits = Buffers(), ReadCompletionBoundary = 64 << Below(2) });
            _ports.Add(port.Function);
            Grow(port, depth: 0);
        }
    }

    public void PlayAndCheck(bool disturbed)
    {
        IReadOnlyList<DiscoveredFunction> tree = [];
        var booted = _sim.Start("boot", async () =>
        {
            var policy = new EnumerationPolicy { MaxPayloadSize = 128 << Below(3), MaxReadRequestSize = 128 << Below(4) };
            tree = await Enumerator.EnumerateAsync(_root, policy);
            foreach (var f in tree.SelectMany(f => f.Subtree())) await SetUpAsync(f, disturbed);
        });
        _sim.Run();
        Assert.That(booted.IsCompletedSuccessfully, Is.True, booted.Exception?.ToString());
        foreach (var device in _devices)
            _targets.Add((device, tree.SelectMany(f => f.Subtree()).Single(f => f.Id == device.Id).Bars[0].Address));
        _errors.Clear(); // enumeration looks for what is not there
        using var observer = new FabricObserver(_sim, _links);
        for (var round = 0; round < Rounds; round++) Round(disturbed);
        _sim.Run();
        Check(observer, disturbed);
    }

    private void Round(bool disturbed)
    {
        foreach (var device in _devices) Issue(device, disturbed);
        if (Below(3) == 0)
        {
            _loads++;
            _sim.Start("load", async () =>
            {
                await _root.LoadAsync(Target(disturbed) & ~7ul, 4);
                _loaded++;
            });
            _root.Store(Target(disturbed) & ~7ul, 0x55, 4);
        }

        if (disturbed && Below(6) == 0) Disturb();
        _sim.RunUntil(_sim.Now + SimDuration.FromNanoseconds(Below(2000)));
    }

    private void Issue(ScratchFunction device, bool disturbed)
    {
        for (var n = Below(4); n > 0; n--)
        {
            var address = Below(2) == 0 ? Target(disturbed, device) : 0x10_0000ul + (ulong)Below(1 << 16);
            var context = _asked[device];
            var asked = Below(4) switch
            {
                0 => device.Dma.Read(address, Below(3) == 0 ? 0 : 1 + Below(1000), context),
                1 => device.Dma.AtomicOp(TlpType.FetchAdd, address & ~7ul, new byte[8], context),
                2 => device.Dma.Write(address, new byte[1 + Below(1000)]) && false,
                _ => device.Dma.Read(address & ~0xFFFul, 1 + Below(4000), context),
            };
            if (asked) _asked[device]++;
        }
    }

    private void Disturb()
    {
        var device = _devices[Below(_devices.Count)];
        switch (Below(6))
        {
            case 0:
                var link = _links[Below(_links.Count)];
                foreach (var below in _devices.Where(d => IsBelow(d, link))) _wereReset.Add(below);
                link.TakeDown();
                _sim.Start("link up", async () =>
                {
                    await _sim.Delay(SimDuration.FromMicroseconds(Below(30)));
                    link.BringUp();
                });
                break;
            case 1:
                _wereReset.Add(device);
                _sim.Start("FLR", () => _root.ConfigWriteAsync(device.Id, device.Express.DeviceControl, 2, 0x8000).AsTask());
                break;
            case 2:
                device.Decision = (AccessDecision)Below(5);
                break;
            case 3:
                var poisoned = Tlps.MemoryWrite(device.Id, Target(true), device.Device.Bodies.Rent(new byte[64]));
                poisoned.Header.Poisoned = true;
                TlpInjector.Send(device.Device, in poisoned);
                break;
            case 4:
                // Any header, but of a short TLP: what no buffer can hold is never sent.
                var first = (uint)_random.NextUInt64() & 0x7FFF_FC00u | (uint)(1 + Below(3));
                TlpInjector.Send(device.Device, [first, (uint)_random.NextUInt64(), (uint)_random.NextUInt64(), 0]);
                break;
            default:
                var attributes = (TlpAttributes)(Below(4) * 2);
                var body = device.Device.Bodies.Rent(new byte[8]);
                TlpInjector.Send(device.Device, Tlps.MemoryWrite(device.Id, Target(true), body, attributes));
                break;
        }
    }

    private void Check(FabricObserver observer, bool disturbed)
    {
        Assert.That(observer.Violations, Is.Empty);
        Assert.That(observer.ExplainDeadlock(), Is.Null);
        Assert.That(_devices[0].Device.Bodies.Rented, Is.Zero, "TLP bodies are missing");
        foreach (var direction in _links.SelectMany(l => (LinkDirection[])[l.Downstream, l.Upstream]))
        {
            Assert.That(direction.CreditsWhole, Is.True, $"credits {direction.From.Name} -> {direction.To.Name}");
            Assert.That(direction.UndeliveredTlps, Is.Zero);
        }

        Assert.That(_loaded, Is.EqualTo(_loads), "CPU loads that ended");
        foreach (var device in _devices)
        {
            Assert.That(device.Dma.IsIdle, Is.True, $"{device.Name} still waits");
            Assert.That(device.Done.Select(d => d.Context), Is.Unique, $"{device.Name}: a request ended twice");
            if (!_wereReset.Contains(device))
                Assert.That(device.Done, Has.Count.EqualTo(_asked[device]), $"{device.Name}: requests that ended");
        }

        if (!disturbed) Assert.That(_errors, Is.Empty);
    }

    /// <summary>Registers as software might set them: ACS, tags, short Completion Timeouts, AtomicOps.</summary>
    private async Task SetUpAsync(DiscoveredFunction f, bool disturbed)
    {
        if (_devices.Find(d => d.Id == f.Id) is { } device)
        {
            var control = 1u << 6 | (disturbed ? 0b0001u : 0) | (Below(2) == 0 ? 1u << 12 : 0);
            await _root.ConfigWriteAsync(f.Id, device.Express.DeviceControl2, 2, control);
            return;
        }

        // Everywhere or nowhere, where all is to succeed: what one port redirects, the port above must forward.
        if (!f.ExtendedCapabilities.TryGetValue(0x0D, out var acs) || !(disturbed ? Below(2) == 0 : _isolates)) return;
        await _root.ConfigWriteAsync(f.Id, acs + 6, 2, (uint)(AcsFeatures.RequestRedirect | AcsFeatures.CompletionRedirect
            | AcsFeatures.UpstreamForwarding | AcsFeatures.SourceValidation));
    }

    private void Grow(Port above, int depth)
    {
        var speed = (LinkSpeed)(1 + Below(6));
        var width = (LinkWidth)(1 << Below(5));
        if (depth < 2 && Below(2) == 0)
        {
            var sw = new Switch(_sim, $"sw{_links.Count}", 1 + Below(3), new SwitchOptions { Credits = Buffers() });
            _links.Add(Link.Connect(above, sw.Upstream, speed, width));
            foreach (var port in sw.Downstream) Grow(port, depth + 1);
            return;
        }

        var name = $"dev{_devices.Count}";
        var device = new PcieDevice(_sim, name, new DeviceOptions { Credits = Buffers() with { CplH = 0, CplD = 0 } });
        var function = new ScratchFunction(_sim, name, ScratchFunction.Layout(name, new ScratchOptions()), tags: 8 << Below(8));
        device.Add(function, 0);
        _devices.Add(function);
        _asked.Add(function, 0);
        _links.Add(Link.Connect(above, device, speed, width));
    }

    /// <summary>From just enough for the largest TLP to plenty.</summary>
    private FlowControlCredits Buffers() =>
        new(1 + Below(8), 64 + Below(256), 1 + Below(8), 4 + Below(16), 1 + Below(8), 64 + Below(256));

    /// <summary>An address in somebody's BAR, or, where errors are wanted, sometimes in nobody's.</summary>
    private ulong Target(bool disturbed, ScratchFunction? notThis = null)
    {
        var (target, bar) = _targets[Below(_targets.Count)];

        // Itself it reaches only by the grace of Upstream Forwarding.
        if (target == notThis && !disturbed) return 0x20_0000;
        return bar + (ulong)(disturbed && Below(8) == 0 ? 0x4_0000 : 0) + (ulong)Below(0x8000);
    }

    private static bool IsBelow(ScratchFunction device, Link link)
    {
        for (Port? at = device.Device; at is not null;)
        {
            if (at.Link == link) return true;
            at = at.Link?.Upper is SwitchPort port ? port.Owner.Upstream : null;
        }

        return false;
    }

    private int Below(int bound) => _random.NextBelow(bound);
}
