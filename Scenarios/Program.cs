return Scenarios.Cli.PciesimProgram.Run(args, new Scenarios.Running.UnwiredRunner(), Console.Out, Console.Error);
